/**
 * Lets people in by a token of Keystone v3 in `X-Auth-Token`. The answer carries it again as `X-Subject-Token`.
 *
 * A token may ask about itself, so that no account of our own is needed there. Options: `url`, `ca`, `timeout`.
 */
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { identityIn, tokensUrl } from './keystone.ts'
import { Peer, peerOptions, peerUrl } from './identity-provider.ts'
import { readOptions } from './plugin-options.ts'
import { Questions } from '../request-coalescing.ts'

const Options = z.object({ url: peerUrl, ...peerOptions })

/** What a token looks like: a text that a header can carry. Anything else is nobody's. */
const tokenForm = /^[\x21-\x7e]{1,8192}$/

/** Opens it. Keystone is not asked before somebody comes. */
export async function open(options: unknown, { log }: AuthenticatorTools): Promise<Authenticator> {
  const settings = readOptions(Options, options, { plugin: 'keystonetokenauth' })
  return new KeystoneTokenAuth(new Peer('Keystone', settings, { log }), tokensUrl(settings.url))
}

class KeystoneTokenAuth implements Authenticator {
  readonly header = 'x-auth-token'
  readonly #keystone: Peer
  readonly #url: string
  readonly #questions = new Questions()

  constructor(keystone: Peer, url: string) {
    this.#keystone = keystone
    this.#url = url
  }

  authenticate({ headers }: Credentials, options: { signal: AbortSignal }): Promise<Identity | undefined> {
    const token = headers['x-auth-token']
    if (typeof token !== 'string' || !tokenForm.test(token)) return Promise.resolve(undefined)
    return this.#questions.ask(token, () => this.#check(token, options))
  }

  async close(): Promise<void> {
    this.#keystone.close()
  }

  async #check(token: string, options: { signal: AbortSignal }): Promise<Identity | undefined> {
    const headers = { 'x-auth-token': token, 'x-subject-token': token }
    return identityIn(await this.#keystone.ask({ method: 'GET', url: this.#url, headers }, options))
  }
}
