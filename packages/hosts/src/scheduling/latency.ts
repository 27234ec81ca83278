/**
 * Whether answers take longer than they used to, command by command: the average of the last answers to a command is
 * compared with its long-term average, and with its time limit. Different commands, and hosts near and far, so do not
 * disturb each other; and answers that become slower so slowly that no average shows it stay far from their limit.
 */

/** How much the latest answer weighs in the short average, and in the long one. */
const SHORT = 1 / 10
const LONG = 1 / 500

/** Answers below this many milliseconds are never called slow: they differ for many reasons. */
const NEGLIGIBLE = 250

/** The share of the time limit that answers may take on average. */
const SHARE = 1 / 4

/** How many commands are remembered; the longest unused goes first. */
const COMMANDS = 64

interface Averages {
  readonly short: number
  readonly long: number
  readonly answers: number
}

/** One answer. Times are milliseconds. */
export interface Answer {
  /** Answers to the same command are compared. */
  readonly command: string
  readonly ms: number
  /** How long the answer may take. */
  readonly timeLimit: number
}

/** The time that answers take. */
export class Latency {
  readonly #averages = new Map<string, Averages>()

  /**
   * Takes an answer into account. Returns how much longer answers take than usual, infinitely when they come close to their
   * time limit; 1 when that says nothing.
   */
  record({ command, ms, timeLimit }: Answer): number {
    const known = this.#averages.get(command) ?? { short: ms, long: ms, answers: 0 }
    const answers = known.answers + 1
    // The long average is that of all answers until there are enough of them.
    const weight = Math.max(LONG, 1 / answers)
    const short = known.short + (ms - known.short) * SHORT
    const long = known.long + (ms - known.long) * weight
    this.#averages.delete(command)
    this.#averages.set(command, { short, long, answers })
    this.#forgetOldest()
    if (short > timeLimit * SHARE) return Infinity
    return short < NEGLIGIBLE ? 1 : short / long
  }

  #forgetOldest(): void {
    const [oldest] = this.#averages.keys()
    if (this.#averages.size > COMMANDS && oldest !== undefined) this.#averages.delete(oldest)
  }
}
