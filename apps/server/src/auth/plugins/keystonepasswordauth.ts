/**
 * Lets people in by name and password: HTTP Basic, checked with Keystone v3. The answer carries the token that Keystone
 * gave for it as `X-Subject-Token`, for `keystonetokenauth`.
 *
 * Options: `url`, `domain` of the users (default `Default`), `ca`, `timeout`.
 */
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { type BasicCredentials, basicCredentials } from './basic-credentials.ts'
import { identityIn, tokensUrl } from './keystone.ts'
import { Peer, peerOptions, peerUrl } from './identity-provider.ts'
import { readOptions } from './plugin-options.ts'
import { Questions } from '../request-coalescing.ts'

const Options = z.object({ url: peerUrl, domain: z.string().min(1).default('Default'), ...peerOptions })

/** Opens it. Keystone is not asked before somebody comes. */
export async function open(options: unknown, { log }: AuthenticatorTools): Promise<Authenticator> {
  const settings = readOptions(Options, options, { plugin: 'keystonepasswordauth' })
  const { url, domain } = settings
  return new KeystonePasswordAuth(new Peer('Keystone', settings, { log }), { url: tokensUrl(url), domain })
}

class KeystonePasswordAuth implements Authenticator {
  readonly challenge = 'Basic realm="commissaire", charset="UTF-8"'
  readonly #keystone: Peer
  readonly #place: { readonly url: string; readonly domain: string }
  readonly #questions = new Questions()

  constructor(keystone: Peer, place: { url: string; domain: string }) {
    this.#keystone = keystone
    this.#place = place
  }

  authenticate(
    { headers: { authorization } }: Credentials,
    options: { signal: AbortSignal },
  ): Promise<Identity | undefined> {
    const given = basicCredentials(authorization)
    if (!given || authorization === undefined) return Promise.resolve(undefined)
    return this.#questions.ask(authorization, () => this.#check(given, options))
  }

  async close(): Promise<void> {
    this.#keystone.close()
  }

  async #check(given: BasicCredentials, options: { signal: AbortSignal }): Promise<Identity | undefined> {
    const { url, domain } = this.#place
    const user = { name: given.user, domain: { name: domain }, password: given.password }
    const body = { auth: { identity: { methods: ['password'], password: { user } } } }
    return identityIn(await this.#keystone.ask({ method: 'POST', url, headers: {}, body }, options))
  }
}
