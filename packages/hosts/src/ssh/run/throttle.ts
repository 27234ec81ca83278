/**
 * How fast the output of a command is read that is not ended for what it prints: up to a burst at once, then at a steady
 * rate. What is not read fills the windows of SSH, and the command waits in its next write.
 *
 * Without this a host that prints without end would keep a whole processor of ours busy for as long as its command runs.
 */

/** What a line costs besides its bytes: short lines are the dearest. */
const LINE = 32

/** What may be read at once, and per second. */
export interface Pace {
  readonly burst: number
  readonly perSecond: number
}

/** The pace of a command: two million bytes a second, or sixty thousand lines of one letter. */
const usualPace: Pace = { burst: 1024 * 1024, perSecond: 2 * 1024 * 1024 }

/** The account of one command. */
export class Throttle {
  readonly #pace: Pace
  #debt = 0
  #paidAt: number

  constructor(pace: Pace = usualPace, now: number = performance.now()) {
    this.#pace = pace
    this.#paidAt = now
  }

  /** Takes what was read into account, and tells for how many milliseconds nothing more is to be read. */
  read(what: { readonly bytes: number; readonly lines: number }, now: number = performance.now()): number {
    const { burst, perSecond } = this.#pace
    const paid = ((now - this.#paidAt) * perSecond) / 1000
    this.#paidAt = now
    this.#debt = Math.max(0, this.#debt - paid) + what.bytes + what.lines * LINE
    return this.#debt <= burst ? 0 : ((this.#debt - burst) * 1000) / perSecond
  }
}
