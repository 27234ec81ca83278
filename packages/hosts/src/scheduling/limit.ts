/**
 * How many pieces of work run at a time: additive increase while it is used and answers come as usual, multiplicative
 * decrease when answers take longer than they used to, or do not come in time (Jacobson 1988; Netflix, concurrency-limits).
 */

/** The bounds of a limit that adapts. */
export interface LimitOptions {
  /** The limit at the start. Default: 16. */
  readonly initial?: number
  /** Default: 4. */
  readonly min?: number
  /** Default: 512. */
  readonly max?: number
}

/** The outcome of one piece of work, as far as it says something about the load. */
export interface WorkOutcome {
  /** How much longer than usual the answer took; 1 for as long as usual. */
  readonly slowness: number
  /** No answer came in time from a host that had answered before. */
  readonly timedOut: boolean
  /** How many pieces of work were running, this one included. */
  readonly running: number
}

/** Above this the answers are called slow. */
const SLOW = 2
/** What is left of the limit after a slow answer, and after none. */
const AFTER_SLOW = 0.85
const AFTER_TIMEOUT = 0.6
/** Milliseconds between two decreases: what was running at the first says nothing new. */
const PAUSE = 1000

/** A limit that adapts to what comes back. */
export class AdaptiveLimit {
  readonly #min: number
  readonly #max: number
  #limit: number
  #decreasedAt = -Infinity
  /** Until the first decrease the limit doubles with each round of answers. */
  #isStarting = true

  constructor({ initial = 16, min = 4, max = 512 }: LimitOptions = {}) {
    this.#min = min
    this.#max = max
    this.#limit = Math.min(Math.max(initial, min), max)
  }

  /** A whole number, at least 1. */
  get value(): number {
    return Math.floor(this.#limit)
  }

  /** Takes an outcome into account. */
  record(outcome: WorkOutcome, now = performance.now()): void {
    if (outcome.timedOut) this.#decrease(AFTER_TIMEOUT, now)
    else if (outcome.slowness > SLOW) this.#decrease(AFTER_SLOW, now)
    else if (outcome.running >= this.#limit * 0.75) this.#increase()
  }

  #increase(): void {
    this.#limit = Math.min(this.#max, this.#limit + (this.#isStarting ? 1 : 1 / this.#limit))
  }

  #decrease(factor: number, now: number): void {
    if (now - this.#decreasedAt < PAUSE) return
    this.#decreasedAt = now
    this.#isStarting = false
    this.#limit = Math.max(this.#min, this.#limit * factor)
  }
}

/** A limit that stays as it is. */
export class FixedLimit {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  record(): void {}
}
