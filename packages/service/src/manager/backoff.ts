/** How long the manager waits before it starts a process again. */

/** When a child is replaced at once, and how the delay grows after that. */
export interface RestartPolicy {
  /** The delay before the second restart, in milliseconds; it doubles with every further one. */
  readonly firstDelay: number
  /** The upper limit of the delay, in milliseconds. */
  readonly longestDelay: number
  /** A child that was ready for this many milliseconds counts as healthy: when it ends, counting starts again. */
  readonly stableAfter: number
}

/** The policy that applies unless the options say otherwise. */
export const defaultRestartPolicy: RestartPolicy = {
  firstDelay: 500,
  longestDelay: 30_000,
  stableAfter: 10_000,
}

/** Counts the consecutive failures of one worker slot. */
export class Backoff {
  readonly #policy: RestartPolicy
  #failures = 0

  constructor(policy: RestartPolicy) {
    this.#policy = policy
  }

  /** The delay after a child that was ready for `readyFor` milliseconds; 0 after the first failure. */
  delayAfter(readyFor: number): number {
    const { firstDelay, longestDelay, stableAfter } = this.#policy
    this.#failures = readyFor >= stableAfter ? 1 : this.#failures + 1
    return this.#failures === 1 ? 0 : Math.min(longestDelay, firstDelay * 2 ** (this.#failures - 2))
  }
}
