/**
 * Authenticates by a token of OpenShift: `Authorization: Bearer`, checked by asking OpenShift for the token's user.
 *
 * Options: `openshift_endpoint`, `ca`, `timeout`. OpenShift before 3.6 only has the older of the two paths.
 */
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import {
  IdentityProviderClient,
  type ProviderResponse,
  providerOptions,
  providerUrl,
} from './identity-provider.ts'
import { bearerToken, isApiToken } from './bearer-token.ts'
import { readOptions } from './plugin-options.ts'
import { RequestCoalescing } from '../request-coalescing.ts'

/** How long an accepted token is cached, in milliseconds. */
const CACHE_TIME = 60_000

const paths = ['/apis/user.openshift.io/v1/users/~', '/oapi/v1/users/~'] as const

const Options = z.object({ openshift_endpoint: providerUrl, ...providerOptions })
const User = z.object({ metadata: z.object({ name: z.string().min(1) }) })

/** Opens the plugin. OpenShift is first asked when a user logs in. */
export async function open(options: unknown, { log }: AuthenticatorTools): Promise<Authenticator> {
  const settings = readOptions(Options, options, { plugin: 'openshiftbearertokenauth' })
  const url = settings.openshift_endpoint.replace(/\/+$/, '')
  return new OpenshiftBearerTokenAuth(
    new IdentityProviderClient('OpenShift', { ...settings, url }, { log }),
    url,
  )
}

class OpenshiftBearerTokenAuth implements Authenticator {
  readonly challenge = 'Bearer realm="commissaire"'
  readonly #openshift: IdentityProviderClient
  readonly #endpoint: string
  readonly #checks = new RequestCoalescing()

  constructor(openshift: IdentityProviderClient, endpoint: string) {
    this.#openshift = openshift
    this.#endpoint = endpoint
  }

  authenticate(
    { headers: { authorization } }: Credentials,
    options: { signal: AbortSignal },
  ): Promise<Identity | undefined> {
    const token = bearerToken(authorization)
    if (token === undefined || isApiToken(token)) return Promise.resolve(undefined)
    return this.#checks.run(token, () => this.#check(token, options))
  }

  async close(): Promise<void> {
    this.#openshift.close()
  }

  async #check(token: string, options: { signal: AbortSignal }): Promise<Identity | undefined> {
    const [path, olderPath] = paths
    const response = await this.#get(path, token, options)
    const hasPath = response.status !== 404 && response.status !== 403
    return identityFrom(hasPath ? response : await this.#get(olderPath, token, options))
  }

  #get(path: string, token: string, options: { signal: AbortSignal }): Promise<ProviderResponse> {
    const headers = { authorization: `Bearer ${token}` }
    return this.#openshift.request({ method: 'GET', url: `${this.#endpoint}${path}`, headers }, options)
  }
}

/** Returns the user; undefined when OpenShift rejects the token. Throws for any other response. */
function identityFrom({ status, json }: ProviderResponse): Identity | undefined {
  if (status === 401 || status === 403) return undefined
  const parsed = User.safeParse(json)
  if (status === 200 && parsed.success) return { user: parsed.data.metadata.name, rememberFor: CACHE_TIME }
  throw new Error(
    `OpenShift answered ${status} without a user; check that "openshift_endpoint" is its address`,
  )
}
