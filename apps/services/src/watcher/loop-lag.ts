/**
 * Measures how long this process was starved: the time in which its event loop was due to run and did not, because the
 * processor was busy, the process was stopped, or a task blocked the loop. Timeouts in that time say nothing about a peer.
 */

/** Milliseconds between two ticks. */
const INTERVAL = 20
/** Milliseconds of delay that are normal and not counted. */
const TOLERANCE = 50

/** Sums up the delays of the event loop until the signal is aborted. */
export class LoopLag {
  #missed = 0
  #due = performance.now() + INTERVAL

  constructor(signal: AbortSignal) {
    const timer = setInterval(() => this.#tick(), INTERVAL)
    timer.unref()
    signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  }

  /** Milliseconds missed so far, including the delay of a tick that has not run yet. */
  get missed(): number {
    return this.#missed + this.#late
  }

  get #late(): number {
    const late = performance.now() - this.#due
    return late > TOLERANCE ? late : 0
  }

  #tick(): void {
    this.#missed += this.#late
    this.#due = performance.now() + INTERVAL
  }
}
