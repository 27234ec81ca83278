/**
 * Decides who may in: asks the configured authenticators in their order, and nobody gets past all of them.
 *
 * With none configured everything is denied. That is said once, loudly, at the start.
 */
import type { Logger } from '@commissaire/bus'
import type { Credentials, Identity } from './authenticator.ts'
import { type NamedAuthenticator, openAuthenticators, type PluginConfiguration } from './plugins.ts'
import { Remembered } from './remembered.ts'

/** How long all authenticators together may take, in milliseconds. */
const TIME_LIMIT = 10_000

/** Opens the configured authenticators. */
export async function openAuthentication(
  plugins: readonly PluginConfiguration[],
  { log }: { log: Logger },
): Promise<Authentication> {
  if (plugins.length === 0) {
    log.warn(
      {},
      'No authentication plugin is configured: every request is denied. Add one to "authentication-plugins"',
    )
  }
  return new Authentication(await openAuthenticators(plugins, { log }), { log })
}

/** The authenticators, in their order, and the memory of who was let in lately. */
export class Authentication {
  readonly #authenticators: readonly NamedAuthenticator[]
  readonly #log: Logger
  readonly #remembered = new Remembered()

  constructor(authenticators: readonly NamedAuthenticator[], { log }: { log: Logger }) {
    this.#authenticators = authenticators
    this.#log = log
  }

  /** What `WWW-Authenticate` says to those who are denied. */
  get challenges(): string[] {
    return this.#authenticators.flatMap(({ authenticator }) => authenticator.challenge ?? [])
  }

  /** Who sent this Authorization header lately. Costs next to nothing. */
  recall({ headers }: Credentials): Identity | undefined {
    return headers.authorization === undefined ? undefined : this.#remembered.recall(headers.authorization)
  }

  /** Asks one authenticator after another; undefined when none lets this in. */
  async identify(credentials: Credentials): Promise<Identity | undefined> {
    const signal = AbortSignal.timeout(TIME_LIMIT)
    for (const named of this.#authenticators) {
      const identity = await this.#ask(named, credentials, { signal })
      if (!identity) continue
      const { authorization } = credentials.headers
      if (authorization !== undefined) this.#remembered.remember(authorization, identity)
      return identity
    }
    return undefined
  }

  /** Lets go of what the authenticators hold. */
  async close(): Promise<void> {
    for (const { authenticator } of this.#authenticators) await authenticator.close?.()
  }

  async #ask(
    { name, authenticator }: NamedAuthenticator,
    credentials: Credentials,
    options: { signal: AbortSignal },
  ): Promise<Identity | undefined> {
    try {
      return await authenticator.authenticate(credentials, options)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.warn({ plugin: name, reason }, 'An authentication plugin failed; it lets nobody in meanwhile')
      return undefined
    }
  }
}
