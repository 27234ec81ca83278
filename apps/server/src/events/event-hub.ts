/**
 * Distributes events to clients: listens to the bus once, keeps the last events, and opens a stream for each client.
 */
import type { Bus } from '@commissaire/bus'
import { EventLog, type EventLogLimits } from './event-log.ts'
import { EventStream } from './event-stream.ts'
import { eventKeys, eventOf, type ServerEvent } from './server-event.ts'

/** The limits of the events of a server. Times are in milliseconds. */
export interface EventOptions extends EventLogLimits {
  /** The interval between heartbeats; default 15 s. */
  readonly heartbeat?: number
  /** How long a client may read nothing before its stream is closed; default 30 s. */
  readonly stallTimeout?: number
  /** How long a stream may last; default one hour. */
  readonly maxDuration?: number
  /** How many streams may be open; default 1000. */
  readonly maxStreams?: number
}

/** The event streams of one server. */
export class EventHub {
  readonly #options: EventOptions
  readonly #log: EventLog
  readonly #streams = new Set<EventStream>()
  readonly #subscription: Disposable
  readonly #heartbeatTimer: NodeJS.Timeout
  #isClosed = false

  constructor(bus: Pick<Bus, 'listen'>, options: EventOptions = {}) {
    this.#options = options
    this.#log = new EventLog(options)
    this.#subscription = bus.listen(eventKeys, {
      onBroadcast: (broadcast) => this.#append(eventOf(broadcast)),
      onMissed: () => this.#reset(),
    })
    this.#heartbeatTimer = setInterval(() => this.#heartbeat(), options.heartbeat ?? 15_000)
    this.#heartbeatTimer.unref()
  }

  /** Whether another stream can be opened. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#streams.size < (this.#options.maxStreams ?? 1000)
  }

  /** Opens a stream of the accepted events: those after the event with the id `since`, or those from now on. */
  open(
    accepts: (event: ServerEvent) => boolean,
    { since }: { since?: string | undefined } = {},
  ): EventStream {
    const { stallTimeout = 30_000, maxDuration = 3_600_000 } = this.#options
    const stream = new EventStream(this.#log, { accepts, since, stallTimeout, maxDuration })
    this.#streams.add(stream)
    stream.once('close', () => this.#streams.delete(stream))
    return stream
  }

  /** Ends all streams and the subscription. */
  close(): void {
    this.#isClosed = true
    this.#subscription[Symbol.dispose]()
    clearInterval(this.#heartbeatTimer)
    for (const stream of this.#streams) stream.finish()
  }

  #append(event: ServerEvent | undefined): void {
    if (!event) return
    this.#log.append(event)
    for (const stream of this.#streams) stream.fill()
  }

  #reset(): void {
    this.#log.reset()
    for (const stream of this.#streams) stream.fill()
  }

  #heartbeat(): void {
    for (const stream of this.#streams) stream.heartbeat()
  }
}
