/**
 * When the investigation of a host that failed is requested again: exponential backoff with full jitter (Brooker, AWS
 * Architecture Blog 2015), so that hosts that failed together are not retried together.
 */

/** The times of a schedule, in milliseconds. */
export interface RetryTimes {
  /** The longest wait before the first request. */
  readonly first: number
  /** The longest wait before any request. Default: one hour. */
  readonly most?: number
}

interface Retry {
  readonly attempts: number
  readonly notBefore: number
}

/** The retries of many hosts. */
export class RetrySchedule {
  readonly #first: number
  readonly #most: number
  readonly #random: () => number
  readonly #retries = new Map<string, Retry>()

  constructor({ first, most = 3_600_000 }: RetryTimes, random: () => number = Math.random) {
    this.#first = first
    this.#most = most
    this.#random = random
  }

  /** Returns true when the host is due; its next turn is then later. A host that was not known is due after its first wait. */
  isDue(address: string, now = Date.now()): boolean {
    const retry = this.#retries.get(address)
    if (retry && now < retry.notBefore) return false
    const attempts = (retry?.attempts ?? -1) + 1
    const longest = Math.min(this.#most, this.#first * 2 ** attempts)
    this.#retries.set(address, { attempts, notBefore: now + this.#random() * longest })
    return retry !== undefined
  }

  /** Begins anew for a host that is well, or gone. */
  forget(address: string): void {
    this.#retries.delete(address)
  }
}
