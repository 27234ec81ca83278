/**
 * The events as one client reads them: server-sent events, taken from the log as fast as the client takes them.
 *
 * A slow client costs a place in the log and no memory. One that falls out of the log is told so by a `reset`; one that
 * takes nothing at all for a while is cut off.
 */
import { Readable } from 'node:stream'
import type { EventLog } from './event-log.ts'
import type { ServerEvent } from './server-event.ts'

/** How a stream is to go. Times are milliseconds. */
export interface EventStreamOptions {
  readonly wants: (event: ServerEvent) => boolean
  /** The id of the last event that the client has; undefined: from now on. */
  readonly since?: string | undefined
  /** How long a client may take nothing. */
  readonly patience: number
  /** After how long it has to ask, and to log in, anew. */
  readonly longest: number
}

/** Milliseconds until a client that was cut off should come back. */
const RETRY = 2000

/** One client's stream. */
export class EventStream extends Readable {
  readonly #log: EventLog
  readonly #options: EventStreamOptions
  readonly #began = performance.now()
  #epoch: string
  #next: number
  #isWanted = false
  #blockedSince: number | undefined

  constructor(log: EventLog, options: EventStreamOptions) {
    super({ encoding: 'utf8', highWaterMark: 64 * 1024 })
    this.#log = log
    this.#options = options
    this.#epoch = log.epoch
    const from = options.since === undefined ? log.end : log.after(options.since)
    this.#next = from ?? log.end
    this.push(`retry: ${RETRY}\n${from === undefined ? this.#reset() : this.#hello()}`)
  }

  override _read(): void {
    this.#isWanted = true
    this.#blockedSince = undefined
    this.fill()
  }

  /** Hands on what has happened, as far as the client takes it. */
  fill(): void {
    while (this.#isWanted) {
      const text = this.#take()
      if (text === undefined) return
      this.#give(text)
    }
  }

  /** Now and then: says that we are there, and ends what has gone on for too long. */
  beat(): void {
    const now = performance.now()
    if (now - this.#began > this.#options.longest) return this.finish()
    if (this.#blockedSince !== undefined && now - this.#blockedSince > this.#options.patience)
      this.destroy(new Error('the client takes nothing'))
    else if (this.#isWanted) this.#give(': here\n\n')
  }

  /** Ends it. */
  finish(): void {
    if (!this.readableEnded && !this.destroyed) this.push(null)
    this.#isWanted = false
  }

  #give(text: string): void {
    // Pushing may ask for more before it returns.
    this.#isWanted = false
    if (this.push(text)) this.#isWanted = true
    else if (!this.#wantsMore()) this.#blockedSince ??= performance.now()
  }

  #wantsMore(): boolean {
    return this.#isWanted
  }

  /** The next event that is wanted, as text; undefined where there is none yet. */
  #take(): string | undefined {
    if (this.#epoch !== this.#log.epoch) return this.#startOver()
    while (this.#next < this.#log.end) {
      const event = this.#log.at(this.#next)
      if (!event) return this.#startOver()
      const number = this.#next++
      if (this.#options.wants(event)) return written(event, this.#log.idOf(number))
    }
    return undefined
  }

  #startOver(): string {
    this.#epoch = this.#log.epoch
    this.#next = this.#log.end
    return this.#reset()
  }

  /** An id without an event: who is cut off before the first one misses nothing either. */
  #hello(): string {
    return `id: ${this.#log.idOf(this.#next - 1)}\n\n`
  }

  #reset(): string {
    const reason = 'Events may have been missed; read what you show anew.'
    return `id: ${this.#log.idOf(this.#next - 1)}\nevent: reset\ndata: ${JSON.stringify({ reason })}\n\n`
  }
}

/** JSON has no line breaks, so that one `data` holds it. */
function written({ name, text }: ServerEvent, id: string): string {
  return `id: ${id}\nevent: ${name}\ndata: ${text}\n\n`
}
