/**
 * Authenticates by user name and password: HTTP Basic, checked with Keystone v3. The response contains the token that
 * Keystone issued as `X-Subject-Token`, for use with `keystonetokenauth`.
 *
 * Options: `url`, `domain` of the users (default `Default`), `ca`, `timeout`.
 */
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { type BasicCredentials, basicCredentials } from './basic-credentials.ts'
import { identityFrom, tokensUrl } from './keystone.ts'
import { IdentityProviderClient, providerOptions, providerUrl } from './identity-provider.ts'
import { readOptions } from './plugin-options.ts'
import { RequestCoalescing } from '../request-coalescing.ts'

const Options = z.object({
  url: providerUrl,
  domain: z.string().min(1).default('Default'),
  ...providerOptions,
})

/** Opens the plugin. Keystone is first asked when a user logs in. */
export async function open(options: unknown, { log }: AuthenticatorTools): Promise<Authenticator> {
  const settings = readOptions(Options, options, { plugin: 'keystonepasswordauth' })
  const { url, domain } = settings
  return new KeystonePasswordAuth(new IdentityProviderClient('Keystone', settings, { log }), {
    url: tokensUrl(url),
    domain,
  })
}

class KeystonePasswordAuth implements Authenticator {
  readonly challenge = 'Basic realm="commissaire", charset="UTF-8"'
  readonly #keystone: IdentityProviderClient
  readonly #settings: { readonly url: string; readonly domain: string }
  readonly #checks = new RequestCoalescing()

  constructor(keystone: IdentityProviderClient, settings: { url: string; domain: string }) {
    this.#keystone = keystone
    this.#settings = settings
  }

  authenticate(
    { headers: { authorization } }: Credentials,
    options: { signal: AbortSignal },
  ): Promise<Identity | undefined> {
    const credentials = basicCredentials(authorization)
    if (!credentials || authorization === undefined) return Promise.resolve(undefined)
    return this.#checks.run(authorization, () => this.#check(credentials, options))
  }

  async close(): Promise<void> {
    this.#keystone.close()
  }

  async #check(
    { user: name, password }: BasicCredentials,
    options: { signal: AbortSignal },
  ): Promise<Identity | undefined> {
    const { url, domain } = this.#settings
    const user = { name, domain: { name: domain }, password }
    const body = { auth: { identity: { methods: ['password'], password: { user } } } }
    return identityFrom(await this.#keystone.request({ method: 'POST', url, headers: {}, body }, options))
  }
}
