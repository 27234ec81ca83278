/**
 * Authenticates by a token of Keystone v3 in `X-Auth-Token`. The response repeats it as `X-Subject-Token`.
 *
 * Keystone lets a token validate itself, so no service account is needed. Options: `url`, `ca`, `timeout`.
 */
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { identityFrom, tokensUrl } from './keystone.ts'
import { IdentityProviderClient, providerOptions, providerUrl } from './identity-provider.ts'
import { readOptions } from './plugin-options.ts'
import { RequestCoalescing } from '../request-coalescing.ts'

const Options = z.object({ url: providerUrl, ...providerOptions })

/** The form of a token: printable ASCII without spaces. Anything else is rejected without asking Keystone. */
const tokenForm = /^[\x21-\x7e]{1,8192}$/

/** Opens the plugin. Keystone is first asked when a user logs in. */
export async function open(options: unknown, { log }: AuthenticatorTools): Promise<Authenticator> {
  const settings = readOptions(Options, options, { plugin: 'keystonetokenauth' })
  return new KeystoneTokenAuth(
    new IdentityProviderClient('Keystone', settings, { log }),
    tokensUrl(settings.url),
  )
}

class KeystoneTokenAuth implements Authenticator {
  readonly header = 'x-auth-token'
  readonly #keystone: IdentityProviderClient
  readonly #url: string
  readonly #checks = new RequestCoalescing()

  constructor(keystone: IdentityProviderClient, url: string) {
    this.#keystone = keystone
    this.#url = url
  }

  authenticate({ headers }: Credentials, options: { signal: AbortSignal }): Promise<Identity | undefined> {
    const token = headers['x-auth-token']
    if (typeof token !== 'string' || !tokenForm.test(token)) return Promise.resolve(undefined)
    return this.#checks.run(token, () => this.#check(token, options))
  }

  async close(): Promise<void> {
    this.#keystone.close()
  }

  async #check(token: string, options: { signal: AbortSignal }): Promise<Identity | undefined> {
    const headers = { 'x-auth-token': token, 'x-subject-token': token }
    return identityFrom(await this.#keystone.request({ method: 'GET', url: this.#url, headers }, options))
  }
}
