/**
 * Rings when something happens to an operation, as the server's events tell. Where the server has no events, or the
 * stream of them breaks, it rings at every interval, as a clock does.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '../api.ts'

/** While events come, one still looks now and then, in milliseconds: what is told of may be missed. */
const SELDOM = 15_000
/** What happens within so many milliseconds is looked at once. */
const TOGETHER = 200

/** What wakes up who watches. */
export class Bell implements Disposable {
  readonly #interval: number
  readonly #closing = new AbortController()
  #isListening = false
  #rung = Promise.withResolvers<void>()

  private constructor(interval: number) {
    this.#interval = interval
  }

  /** Listens to what happens to that operation; without one it is a clock. */
  static for(api: Api, id: string | undefined, interval: number): Bell {
    const bell = new Bell(interval)
    if (id !== undefined) void bell.#listen(api, `/api/v0/events?operation=${encodeURIComponent(id)}`)
    return bell
  }

  /** Resolves when it rings. Rejects with the signal's reason. */
  async rings(signal: AbortSignal): Promise<void> {
    const waiting = new AbortController()
    const limit = this.#isListening ? Math.max(SELDOM, this.#interval) : this.#interval
    const either = AbortSignal.any([signal, waiting.signal])
    const clock = sleep(limit, undefined, { signal: either }).catch(() => undefined)
    await Promise.race([clock, this.#rung.promise])
    waiting.abort()
    signal.throwIfAborted()
    if (this.#isListening) await sleep(TOGETHER, undefined, { signal })
    this.#rung = Promise.withResolvers()
  }

  [Symbol.dispose](): void {
    this.#closing.abort()
  }

  /** Goes on while events come; what ends them leaves the clock, and is tried again after a while. */
  async #listen(api: Api, path: string): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await api.listen(path, (text) => this.#hear(text), { signal }).catch(() => undefined)
      this.#isListening = false
      this.#rung.resolve()
      await sleep(SELDOM, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  /** Comments are signs of life, and data is news; what the news is, the next look will show. */
  #hear(text: string): void {
    this.#isListening = true
    if (/^data:/m.test(text)) this.#rung.resolve()
  }
}
