/**
 * Signals changes of an operation, from the event stream of the server. If there is no stream, it signals at every interval.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '../client/api.ts'
import { EventReader } from './event-reader.ts'

/** While events come, one still looks now and then, in milliseconds. */
const SELDOM = 15_000
/** What happens within so many milliseconds is looked at once. */
const TOGETHER = 200
/** Milliseconds until a broken stream is opened again, at first and at most. */
const SOON = 1000
const LATER = 30_000

/** What wakes up who watches. */
export class Bell implements Disposable {
  readonly #interval: number
  readonly #closing = new AbortController()
  #isListening = false
  #rung = Promise.withResolvers<void>()

  private constructor(interval: number) {
    this.#interval = interval
  }

  /** Listens to what happens to that operation; without one it is a clock. `interval` is in milliseconds. */
  static for(api: Api, id: string | undefined, interval: number): Bell {
    const bell = new Bell(interval)
    if (id !== undefined) void bell.#listen(api, `/api/v0/events?operation=${encodeURIComponent(id)}`)
    return bell
  }

  /** Resolves when it rings. Rejects with the signal's reason. */
  async rings(signal: AbortSignal): Promise<void> {
    await this.#rungOr(this.#isListening ? Math.max(SELDOM, this.#interval) : this.#interval, signal)
    signal.throwIfAborted()
    if (this.#isListening) await sleep(TOGETHER, undefined, { signal })
    this.#rung = Promise.withResolvers()
  }

  [Symbol.dispose](): void {
    this.#closing.abort()
  }

  async #rungOr(limit: number, signal: AbortSignal): Promise<void> {
    const rung = new AbortController()
    const clock = sleep(limit, undefined, { signal: AbortSignal.any([signal, rung.signal]) })
    // Ended before its time it rejects, which is no news: the signal is looked at by the caller.
    await Promise.race([clock.catch(() => undefined), this.#rung.promise])
    rung.abort()
  }

  /** Goes on while events come; a stream that breaks, or cannot be had, leaves the clock until it is there again. */
  async #listen(api: Api, path: string): Promise<void> {
    const { signal } = this.#closing
    for (let wait = SOON; !signal.aborted; wait = Math.min(2 * wait, LATER)) {
      const reader = new EventReader()
      const onText = (text: string): void => {
        wait = SOON
        this.#hear(reader, text)
      }
      // Why it broke is the server's to say when it is asked next, which is at the latest after the interval.
      await api.listen(path, onText, { signal }).catch(() => undefined)
      if (this.#isListening) this.#rung.resolve()
      this.#isListening = false
      await sleep(wait, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  /** The first sign of life tells that one may have missed something before it; then only events are news. */
  #hear(reader: EventReader, text: string): void {
    const isNews = reader.feed(text).length > 0 || !this.#isListening
    this.#isListening = true
    if (isNews) this.#rung.resolve()
  }
}
