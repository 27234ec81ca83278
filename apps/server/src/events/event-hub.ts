/**
 * All events of one server: listens to the bus once, remembers the last events, and has a stream for each client.
 */
import type { Bus } from '@commissaire/bus'
import { EventLog, type EventLogLimits } from './event-log.ts'
import { EventStream } from './event-stream.ts'
import { eventKeys, eventOf, type ServerEvent } from './server-event.ts'

/** What the events of a server may take. Times are milliseconds. */
export interface EventOptions extends EventLogLimits {
  /** How often a client is told that we are there; default 15 s. */
  readonly heartbeat?: number
  /** How long a client may take nothing; default 30 s. */
  readonly patience?: number
  /** How long one stream may last; default an hour. */
  readonly longest?: number
  /** How many clients may listen; default 1000. */
  readonly mostStreams?: number
}

/** The events of one server. */
export class EventHub {
  readonly #options: EventOptions
  readonly #log: EventLog
  readonly #streams = new Set<EventStream>()
  readonly #listening: Disposable
  readonly #beating: NodeJS.Timeout
  #isClosed = false

  constructor(bus: Pick<Bus, 'listen'>, options: EventOptions = {}) {
    this.#options = options
    this.#log = new EventLog(options)
    this.#listening = bus.listen(eventKeys, {
      onBroadcast: (notice) => this.#hear(eventOf(notice)),
      onMissed: () => this.#miss(),
    })
    this.#beating = setInterval(() => this.#beat(), options.heartbeat ?? 15_000)
    this.#beating.unref()
  }

  /** Whether one more client can listen. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#streams.size < (this.#options.mostStreams ?? 1000)
  }

  /** The events from now on, or those after the one of that id. */
  open(wants: (event: ServerEvent) => boolean, { since }: { since?: string | undefined } = {}): EventStream {
    const { patience = 30_000, longest = 3_600_000 } = this.#options
    const stream = new EventStream(this.#log, { wants, since, patience, longest })
    this.#streams.add(stream)
    stream.once('close', () => this.#streams.delete(stream))
    return stream
  }

  /** Ends all streams, and listens no more. */
  close(): void {
    this.#isClosed = true
    this.#listening[Symbol.dispose]()
    clearInterval(this.#beating)
    for (const stream of this.#streams) stream.finish()
  }

  #hear(event: ServerEvent | undefined): void {
    if (!event) return
    this.#log.append(event)
    for (const stream of this.#streams) stream.fill()
  }

  #miss(): void {
    this.#log.startOver()
    for (const stream of this.#streams) stream.fill()
  }

  #beat(): void {
    for (const stream of this.#streams) stream.beat()
  }
}
