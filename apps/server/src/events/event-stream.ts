/**
 * The server-sent events of one client, read from the log at the client's pace.
 *
 * A slow client needs no buffer of its own. A client that falls behind the log receives a `reset`. A client that reads
 * nothing for a while is disconnected.
 */
import { Readable } from 'node:stream'
import type { EventLog } from './event-log.ts'
import type { ServerEvent } from './server-event.ts'

/** The options of a stream. Times are in milliseconds. */
export interface EventStreamOptions {
  readonly accepts: (event: ServerEvent) => boolean
  /** The id of the last event that the client has; without it the stream starts with the next event. */
  readonly since?: string | undefined
  /** How long the client may read nothing before the stream is closed. */
  readonly stallTimeout: number
  /** When the stream ends, so that the client has to authenticate again. */
  readonly maxDuration: number
}

/** How long a disconnected client should wait before it reconnects, in milliseconds. */
const RETRY = 2000

/** The stream of one client. */
export class EventStream extends Readable {
  readonly #log: EventLog
  readonly #options: EventStreamOptions
  readonly #openedAt = performance.now()
  #epoch: string
  #next: number
  #isReading = false
  #blockedSince: number | undefined

  constructor(log: EventLog, options: EventStreamOptions) {
    super({ encoding: 'utf8', highWaterMark: 64 * 1024 })
    this.#log = log
    this.#options = options
    this.#epoch = log.epoch
    const from = options.since === undefined ? log.end : log.after(options.since)
    this.#next = from ?? log.end
    this.push(`retry: ${RETRY}\n${from === undefined ? this.#resetEvent() : this.#idOnly()}`)
  }

  override _read(): void {
    this.#isReading = true
    this.#blockedSince = undefined
    this.fill()
  }

  /** Sends new events as far as the client reads them. */
  fill(): void {
    while (this.#isReading) {
      const text = this.#nextText()
      if (text === undefined) return
      this.#send(text)
    }
  }

  /** Sends a heartbeat. Ends the stream when it has lasted too long or the client has stalled. */
  heartbeat(): void {
    const now = performance.now()
    if (now - this.#openedAt > this.#options.maxDuration) return this.finish()
    if (this.#blockedSince !== undefined && now - this.#blockedSince > this.#options.stallTimeout)
      this.destroy(new Error('the client stopped reading'))
    else if (this.#isReading) this.#send(': here\n\n')
  }

  /** Ends the stream. */
  finish(): void {
    if (!this.readableEnded && !this.destroyed) this.push(null)
    this.#isReading = false
  }

  #send(text: string): void {
    // push() may call _read() before it returns.
    this.#isReading = false
    if (this.push(text)) this.#isReading = true
    else if (!this.#wasReadAgain()) this.#blockedSince ??= performance.now()
  }

  #wasReadAgain(): boolean {
    return this.#isReading
  }

  /** Returns the next accepted event as text; undefined when there is none yet. */
  #nextText(): string | undefined {
    if (this.#epoch !== this.#log.epoch) return this.#startEpoch()
    while (this.#next < this.#log.end) {
      const event = this.#log.at(this.#next)
      if (!event) return this.#startEpoch()
      const number = this.#next++
      if (this.#options.accepts(event)) return serialize(event, this.#log.idOf(number))
    }
    return undefined
  }

  #startEpoch(): string {
    this.#epoch = this.#log.epoch
    this.#next = this.#log.end
    return this.#resetEvent()
  }

  /** An id without an event, so that a client that is disconnected before the first event misses nothing. */
  #idOnly(): string {
    return `id: ${this.#log.idOf(this.#next - 1)}\n\n`
  }

  #resetEvent(): string {
    const reason = 'Events may have been missed; read what you show anew.'
    return `id: ${this.#log.idOf(this.#next - 1)}\nevent: reset\ndata: ${JSON.stringify({ reason })}\n\n`
  }
}

/** JSON text has no line breaks, so one `data` line suffices. */
function serialize({ name, text }: ServerEvent, id: string): string {
  return `id: ${id}\nevent: ${name}\ndata: ${text}\n\n`
}
