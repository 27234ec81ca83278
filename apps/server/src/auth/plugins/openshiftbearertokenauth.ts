/**
 * Lets people in by a token of OpenShift: `Authorization: Bearer`, checked by asking OpenShift whose it is.
 *
 * Options: `openshift_endpoint`, `ca`, `timeout`. Clusters before 3.6 know the older of the two paths only.
 */
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { Peer, type PeerAnswer, peerOptions, peerUrl } from './identity-provider.ts'
import { bearerToken, isApiToken } from './bearer-token.ts'
import { readOptions } from './plugin-options.ts'
import { Questions } from '../request-coalescing.ts'

/** How long a token that was right is believed, in milliseconds. */
const REMEMBER = 60_000

const paths = ['/apis/user.openshift.io/v1/users/~', '/oapi/v1/users/~'] as const

const Options = z.object({ openshift_endpoint: peerUrl, ...peerOptions })
const User = z.object({ metadata: z.object({ name: z.string().min(1) }) })

/** Opens it. OpenShift is not asked before somebody comes. */
export async function open(options: unknown, { log }: AuthenticatorTools): Promise<Authenticator> {
  const settings = readOptions(Options, options, { plugin: 'openshiftbearertokenauth' })
  const url = settings.openshift_endpoint.replace(/\/+$/, '')
  return new OpenshiftBearerTokenAuth(new Peer('OpenShift', { ...settings, url }, { log }), url)
}

class OpenshiftBearerTokenAuth implements Authenticator {
  readonly challenge = 'Bearer realm="commissaire"'
  readonly #openshift: Peer
  readonly #endpoint: string
  readonly #questions = new Questions()

  constructor(openshift: Peer, endpoint: string) {
    this.#openshift = openshift
    this.#endpoint = endpoint
  }

  authenticate(
    { headers: { authorization } }: Credentials,
    options: { signal: AbortSignal },
  ): Promise<Identity | undefined> {
    const token = bearerToken(authorization)
    if (token === undefined || isApiToken(token)) return Promise.resolve(undefined)
    return this.#questions.ask(token, () => this.#check(token, options))
  }

  async close(): Promise<void> {
    this.#openshift.close()
  }

  async #check(token: string, options: { signal: AbortSignal }): Promise<Identity | undefined> {
    const [path, olderPath] = paths
    const answer = await this.#ask(path, token, options)
    const knowsPath = answer.status !== 404 && answer.status !== 403
    return identityIn(knowsPath ? answer : await this.#ask(olderPath, token, options))
  }

  #ask(path: string, token: string, options: { signal: AbortSignal }): Promise<PeerAnswer> {
    const headers = { authorization: `Bearer ${token}` }
    return this.#openshift.ask({ method: 'GET', url: `${this.#endpoint}${path}`, headers }, options)
  }
}

/** Undefined for a token that OpenShift refuses; throws for an answer that says neither. */
function identityIn({ status, json }: PeerAnswer): Identity | undefined {
  if (status === 401 || status === 403) return undefined
  const told = User.safeParse(json)
  if (status === 200 && told.success) return { user: told.data.metadata.name, rememberFor: REMEMBER }
  throw new Error(
    `OpenShift answered ${status} with nothing that says who it is; is "openshift_endpoint" its address?`,
  )
}
