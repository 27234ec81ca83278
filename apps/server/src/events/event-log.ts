/**
 * Keeps the last events for clients that reconnect: a ring buffer that is bounded by number and by size.
 *
 * An event id consists of the epoch of the log and the number of the event. Every process starts a new epoch, and starts
 * another one when it may have missed events. An id of another epoch is unknown, so it never selects wrong events.
 */
import { randomBytes } from 'node:crypto'
import type { ServerEvent } from './server-event.ts'

/** How much is kept. */
export interface EventLogLimits {
  /** Default 10 000. */
  readonly maxEvents?: number
  /** The total size of the bodies; default 16 MiB. */
  readonly maxBytes?: number
}

/** The last events of one process. */
export class EventLog {
  readonly #maxEvents: number
  readonly #maxBytes: number
  readonly #slots: (ServerEvent | undefined)[] = []
  #epoch = newEpoch()
  #first = 1
  #end = 1
  #bytes = 0

  constructor({ maxEvents = 10_000, maxBytes = 16 * 2 ** 20 }: EventLogLimits = {}) {
    this.#maxEvents = maxEvents
    this.#maxBytes = maxBytes
  }

  /** Identifies the current sequence of events without a gap. */
  get epoch(): string {
    return this.#epoch
  }

  /** The number of the next event. */
  get end(): number {
    return this.#end
  }

  /** Adds an event, and removes the oldest ones that exceed the limits. */
  append(event: ServerEvent): void {
    if (this.#end - this.#first === this.#maxEvents) this.#removeOldest()
    this.#slots[this.#end % this.#maxEvents] = event
    this.#bytes += event.text.length
    this.#end++
    while (this.#bytes > this.#maxBytes) this.#removeOldest()
  }

  /** Removes all events and starts a new epoch, because events may have been missed. */
  reset(): void {
    while (this.#first < this.#end) this.#removeOldest()
    this.#epoch = newEpoch()
    this.#first = this.#end = 1
  }

  /** Returns the event with this number; undefined when it was removed or has not happened yet. */
  at(number: number): ServerEvent | undefined {
    return this.#has(number) ? this.#slots[number % this.#maxEvents] : undefined
  }

  /** Returns the id of the event with this number. */
  idOf(number: number): string {
    return `${this.#epoch}-${number}`
  }

  /** Returns the number of the event that follows the one with this id; undefined when the id is unknown. */
  after(id: string): number | undefined {
    const [, epoch, digits] = /^([0-9a-f]+)-(\d{1,15})$/.exec(id) ?? []
    const next = Number(digits) + 1
    return epoch === this.#epoch && (this.#has(next) || next === this.#end) ? next : undefined
  }

  #has(number: number): boolean {
    return number >= this.#first && number < this.#end
  }

  /** An event larger than the whole log is removed at once; clients that missed it receive a `reset`. */
  #removeOldest(): void {
    const slot = this.#first++ % this.#maxEvents
    this.#bytes -= this.#slots[slot]?.text.length ?? 0
    this.#slots[slot] = undefined
  }
}

function newEpoch(): string {
  return randomBytes(6).toString('hex')
}
