/**
 * Authenticates requests: tries the configured authenticators in order until one accepts the credentials.
 *
 * Without any authenticator every request is denied, and a warning is logged at start.
 */
import type { Logger } from '@commissaire/bus'
import type { AuthenticatorTools, Credentials, Identity } from './authenticator.ts'
import { type NamedAuthenticator, openAuthenticators, type PluginConfiguration } from './plugin-loader.ts'
import { CredentialCache } from './credential-cache.ts'
import { isRole, type Role, roles } from './role.ts'

/** How long one authenticator may take, in milliseconds. */
const TIME_LIMIT = 10_000

/** Opens the configured authenticators. */
export async function openAuthentication(
  plugins: readonly PluginConfiguration[],
  tools: AuthenticatorTools,
): Promise<Authentication> {
  const { log } = tools
  if (plugins.length === 0) {
    log.warn(
      {},
      'No authentication plugin is configured: every request is denied. Add one to "authentication-plugins"',
    )
  }
  return new Authentication(await openAuthenticators(plugins, tools), { log })
}

/** An authenticated user and their role. */
export type AuthenticatedIdentity = Identity & { readonly role: Role }

/** The outcome of an authentication. */
export interface AuthenticationResult {
  /** The user; undefined when no authenticator accepted the credentials. */
  readonly identity: AuthenticatedIdentity | undefined
  /** Whether at least one authenticator failed, so that valid credentials may have been rejected. */
  readonly pluginFailed: boolean
}

/** The authenticators, in order, and the cache of recent successful authentications. */
export class Authentication {
  readonly #authenticators: readonly NamedAuthenticator[]
  readonly #headers: readonly string[]
  readonly #log: Logger
  readonly #timeLimit: number
  readonly #cache = new CredentialCache<AuthenticatedIdentity>()

  constructor(
    authenticators: readonly NamedAuthenticator[],
    { log, timeLimit = TIME_LIMIT }: { log: Logger; timeLimit?: number },
  ) {
    this.#authenticators = authenticators
    const used = authenticators.map(({ authenticator }) => authenticator.header ?? 'authorization')
    this.#headers = [...new Set(['authorization', ...used])]
    this.#log = log
    this.#timeLimit = timeLimit
  }

  /** The values of `WWW-Authenticate` for denied requests. */
  get challenges(): string[] {
    const all = this.#authenticators.flatMap(({ authenticator }) => authenticator.challenge ?? [])
    return [...new Set(all)]
  }

  /** Returns the secrets in the request's headers as one text for comparison; undefined when there are none. */
  credentialKey({ headers }: Credentials): string | undefined {
    const secrets = this.#headers.map((header) => headers[header])
    return secrets.some((secret) => secret !== undefined) ? JSON.stringify(secrets) : undefined
  }

  /** Returns the user that the same credentials authenticated recently. Asks no authenticator. */
  cached(credentials: Credentials): AuthenticatedIdentity | undefined {
    const key = this.credentialKey(credentials)
    return key === undefined ? undefined : this.#cache.get(key)
  }

  /** Asks one authenticator after another until one accepts the credentials. */
  async authenticate(credentials: Credentials): Promise<AuthenticationResult> {
    let pluginFailed = false
    for (const named of this.#authenticators) {
      const identity = await this.#ask(named, credentials).catch((error: unknown) => {
        pluginFailed = true
        this.#logFailure(named, error)
        return undefined
      })
      if (!identity) continue
      this.#remember(credentials, identity)
      return { identity, pluginFailed }
    }
    return { identity: undefined, pluginFailed }
  }

  /** Closes the authenticators. */
  async close(): Promise<void> {
    for (const { authenticator } of this.#authenticators) await authenticator.close?.()
  }

  #remember(credentials: Credentials, identity: AuthenticatedIdentity): void {
    const key = this.credentialKey(credentials)
    if (key !== undefined) this.#cache.set(key, identity)
  }

  /** Enforces the time limit also on an authenticator that ignores its abort signal. */
  #ask(
    { authenticator, role }: NamedAuthenticator,
    credentials: Credentials,
  ): Promise<AuthenticatedIdentity | undefined> {
    const { promise: timeout, reject } = Promise.withResolvers<never>()
    const controller = new AbortController()
    const timer = setTimeout(() => {
      const error = new Error(`it did not decide within ${this.#timeLimit} ms`)
      controller.abort(error)
      reject(error)
    }, this.#timeLimit)
    const ask = async () => {
      const identity = await authenticator.authenticate(credentials, { signal: controller.signal })
      return identity && withRole(identity, role)
    }
    return Promise.race([ask(), timeout]).finally(() => clearTimeout(timer))
  }

  #logFailure({ name }: NamedAuthenticator, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#log.warn(
      { plugin: name, reason },
      'An authentication plugin failed; requests that depend on it are denied',
    )
  }
}

/** The plugin's role goes first, then the configured one. Without either the user is an admin. */
function withRole(identity: Identity, configured: Role | undefined): AuthenticatedIdentity {
  const role: unknown = identity.role ?? configured ?? 'admin'
  if (isRole(role)) return { ...identity, role }
  throw new Error(`it returned the role ${JSON.stringify(role)}; the roles are ${roles.join(', ')}`)
}
