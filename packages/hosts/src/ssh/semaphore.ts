/** A semaphore: admits a bounded number of holders at a time, the others in the order in which they came. */
import { HostError } from '../errors.ts'

/** Lets `limit` holders through at once. */
export class Semaphore {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(limit: number) {
    this.#free = limit
  }

  /** How many stand in line. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Resolves, in order of asking, when there is room. Call what it gives to make room again. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) throw givenUp(signal)
    if (this.#free > 0) this.#free -= 1
    else await this.#stand(signal)
    return this.#leaver()
  }

  #stand(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(admit)
        reject(givenUp(signal))
      }
      const admit = (): void => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      this.#waiting.add(admit)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  #leaver(): () => void {
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      this.#next()
    }
  }

  #next(): void {
    const [admit] = this.#waiting
    if (!admit) return void (this.#free += 1)
    this.#waiting.delete(admit)
    admit()
  }
}

function givenUp(signal: AbortSignal | undefined): HostError {
  return new HostError('cancelled', 'Waiting for a free place was given up', { cause: signal?.reason })
}
