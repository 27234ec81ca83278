/** How long to wait before a process that ended is started again. */

/** When a child is replaced at once, and how the wait grows after that. */
export interface RestartPolicy {
  /** The wait before the second restart, in milliseconds; it doubles from there. */
  readonly firstDelay: number
  readonly longestDelay: number
  /** A child that was ready for so many milliseconds counts as healthy: its end is a first one again. */
  readonly stableAfter: number
}

/** The policy where nobody says otherwise. */
export const defaultRestartPolicy: RestartPolicy = {
  firstDelay: 500,
  longestDelay: 30_000,
  stableAfter: 10_000,
}

/** Counts the failures in a row of one place in the manager's row of children. */
export class Backoff {
  readonly #policy: RestartPolicy
  #failures = 0

  constructor(policy: RestartPolicy) {
    this.#policy = policy
  }

  /** The wait after a child that had been ready for so long; 0 the first time. */
  delayAfter(readyFor: number): number {
    const { firstDelay, longestDelay, stableAfter } = this.#policy
    this.#failures = readyFor >= stableAfter ? 1 : this.#failures + 1
    return this.#failures === 1 ? 0 : Math.min(longestDelay, firstDelay * 2 ** (this.#failures - 2))
  }
}
