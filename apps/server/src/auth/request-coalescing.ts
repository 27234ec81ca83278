/**
 * Coalesces concurrent checks of the same credentials: many requests of one client cost one hash or one round trip.
 */
import type { Identity } from './authenticator.ts'

/** The checks in flight, by their credentials. */
export class RequestCoalescing {
  readonly #inFlight = new Map<string, Promise<Identity | undefined>>()

  /** Returns the check of these credentials that is in flight, or starts one. */
  run(credentials: string, check: () => Promise<Identity | undefined>): Promise<Identity | undefined> {
    const inFlight = this.#inFlight.get(credentials)
    if (inFlight) return inFlight
    const started = check().finally(() => this.#inFlight.delete(credentials))
    this.#inFlight.set(credentials, started)
    return started
  }
}
