/**
 * Decides who may in: asks the configured authenticators in their order, and nobody gets past all of them.
 *
 * With none configured everything is denied. That is said once, loudly, at the start.
 */
import type { Logger } from '@commissaire/bus'
import type { AuthenticatorTools, Credentials, Identity } from './authenticator.ts'
import { type NamedAuthenticator, openAuthenticators, type PluginConfiguration } from './plugin-loader.ts'
import { Remembered } from './credential-cache.ts'
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

/** Somebody who is let in, and what they may do. */
export type Admitted = Identity & { readonly role: Role }

/** What came of asking: somebody, or nobody; and whether an authenticator could not find out. */
export interface Verdict {
  readonly identity: Admitted | undefined
  readonly unsure: boolean
}

/** The authenticators, in their order, and the memory of who was let in lately. */
export class Authentication {
  readonly #authenticators: readonly NamedAuthenticator[]
  readonly #headers: readonly string[]
  readonly #log: Logger
  readonly #timeLimit: number
  readonly #remembered = new Remembered<Admitted>()

  constructor(
    authenticators: readonly NamedAuthenticator[],
    { log, timeLimit = TIME_LIMIT }: { log: Logger; timeLimit?: number },
  ) {
    this.#authenticators = authenticators
    const named = authenticators.map(({ authenticator }) => authenticator.header ?? 'authorization')
    this.#headers = [...new Set(['authorization', ...named])]
    this.#log = log
    this.#timeLimit = timeLimit
  }

  /** What `WWW-Authenticate` says to those who are denied. */
  get challenges(): string[] {
    const all = this.#authenticators.flatMap(({ authenticator }) => authenticator.challenge ?? [])
    return [...new Set(all)]
  }

  /** The secrets in a request's headers, as one text to compare by; undefined where it shows none. */
  shown({ headers }: Credentials): string | undefined {
    const secrets = this.#headers.map((header) => headers[header])
    return secrets.some((secret) => secret !== undefined) ? JSON.stringify(secrets) : undefined
  }

  /** Who showed just this lately. Costs next to nothing. */
  recall(credentials: Credentials): Admitted | undefined {
    const shown = this.shown(credentials)
    return shown === undefined ? undefined : this.#remembered.recall(shown)
  }

  /** Asks one authenticator after another, until one lets this in. */
  async identify(credentials: Credentials): Promise<Verdict> {
    let unsure = false
    for (const named of this.#authenticators) {
      const identity = await this.#ask(named, credentials).catch((error: unknown) => {
        unsure = true
        this.#logFailure(named, error)
        return undefined
      })
      if (!identity) continue
      const shown = this.shown(credentials)
      if (shown !== undefined) this.#remembered.remember(shown, identity)
      return { identity, unsure }
    }
    return { identity: undefined, unsure }
  }

  /** Lets go of what the authenticators hold. */
  async close(): Promise<void> {
    for (const { authenticator } of this.#authenticators) await authenticator.close?.()
  }

  /** Waits no longer than the limit, also for one that does not heed the signal. */
  #ask({ authenticator, role }: NamedAuthenticator, credentials: Credentials): Promise<Admitted | undefined> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const ending = new AbortController()
    const timer = setTimeout(() => {
      const error = new Error(`it did not decide within ${this.#timeLimit} ms`)
      ending.abort(error)
      reject(error)
    }, this.#timeLimit)
    const ask = async () => {
      const identity = await authenticator.authenticate(credentials, { signal: ending.signal })
      return identity && withRole(identity, role)
    }
    return Promise.race([ask(), late]).finally(() => clearTimeout(timer))
  }

  #logFailure({ name }: NamedAuthenticator, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#log.warn({ plugin: name, reason }, 'An authentication plugin failed; it lets nobody in meanwhile')
  }
}

/** Whoever is let in without a word about a role may do everything, as it was before there were roles. */
function withRole(identity: Identity, configured: Role | undefined): Admitted {
  const role: unknown = identity.role ?? configured ?? 'admin'
  if (isRole(role)) return { ...identity, role }
  throw new Error(`it gave the role ${JSON.stringify(role)}; there are ${roles.join(', ')}`)
}
