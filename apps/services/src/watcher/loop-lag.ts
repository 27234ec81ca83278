/**
 * How much time this process missed: the time in which its event loop should have run and did not, as it was starved of
 * the processor, stopped, or busy with itself. Whoever times others needs to know.
 */

/** Milliseconds between two looks at the clock. */
const STEP = 20
/** Milliseconds of delay that are nothing but work. */
const USUAL = 50

/** Counts what is missed until the signal is aborted. */
export class LoopLag {
  #missed = 0
  #due = performance.now() + STEP

  constructor(signal: AbortSignal) {
    const timer = setInterval(() => this.#tick(), STEP)
    timer.unref()
    signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  }

  /** All milliseconds missed so far, those included that a late timer has not counted yet. */
  get missed(): number {
    return this.#missed + this.#late
  }

  get #late(): number {
    const late = performance.now() - this.#due
    return late > USUAL ? late : 0
  }

  #tick(): void {
    this.#missed += this.#late
    this.#due = performance.now() + STEP
  }
}
