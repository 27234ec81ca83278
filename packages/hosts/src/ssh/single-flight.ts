/** Runs a task once for all callers that want its result at the same time; it is cancelled when all of them have given up. */
import { HostError } from '../errors.ts'

/** The work and its passengers. */
export class SingleFlight<Result> {
  readonly #stop = new AbortController()
  readonly #result: Promise<Result>
  #callers = 0

  constructor(work: (signal: AbortSignal) => Promise<Result>) {
    // Deferred, so that the work may already refer to this attempt.
    this.#result = Promise.resolve().then(() => work(this.#stop.signal))
    this.#result.catch(() => {})
  }

  /** Waits for the result. Whoever aborts leaves alone; the last to leave ends the work. */
  join(address: string, signal?: AbortSignal): Promise<Result> {
    this.#callers += 1
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(
          new HostError('cancelled', `Connecting to ${address} was given up`, {
            address,
            cause: signal?.reason,
          }),
        )
        this.#leave()
      }
      if (signal?.aborted) return leave()
      signal?.addEventListener('abort', leave, { once: true })
      this.#result.then(resolve, reject).finally(() => signal?.removeEventListener('abort', leave))
    })
  }

  /** Ends the work for everybody. */
  cancel(): void {
    this.#stop.abort()
  }

  #leave(): void {
    this.#callers -= 1
    if (this.#callers === 0) this.cancel()
  }
}
