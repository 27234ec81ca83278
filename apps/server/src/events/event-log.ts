/**
 * The last events, for those who come back: a ring that is bounded by number and by size.
 *
 * An id is the epoch of the log and the number of the event in it. Another process has another epoch, and so has this
 * one after it may have missed something; an id of another epoch leads nowhere rather than to wrong events.
 */
import { randomBytes } from 'node:crypto'
import type { ServerEvent } from './server-event.ts'

/** How much is remembered. */
export interface EventLogLimits {
  /** Default 10 000. */
  readonly mostEvents?: number
  /** Of the bodies; default 16 MiB. */
  readonly mostBytes?: number
}

/** The last events of one process. */
export class EventLog {
  readonly #mostEvents: number
  readonly #mostBytes: number
  readonly #slots: (ServerEvent | undefined)[] = []
  #epoch = newEpoch()
  #first = 1
  #end = 1
  #bytes = 0

  constructor({ mostEvents = 10_000, mostBytes = 16 * 2 ** 20 }: EventLogLimits = {}) {
    this.#mostEvents = mostEvents
    this.#mostBytes = mostBytes
  }

  /** The stretch of events without a gap that the log is in. */
  get epoch(): string {
    return this.#epoch
  }

  /** The number that the next event will have. */
  get end(): number {
    return this.#end
  }

  /** Remembers an event, and forgets what is too old for the limits. */
  append(event: ServerEvent): void {
    if (this.#end - this.#first === this.#mostEvents) this.#forget()
    this.#slots[this.#end % this.#mostEvents] = event
    this.#bytes += event.text.length
    this.#end++
    while (this.#bytes > this.#mostBytes) this.#forget()
  }

  /** Begins anew, as what happened in between is not known. */
  startOver(): void {
    while (this.#first < this.#end) this.#forget()
    this.#epoch = newEpoch()
    this.#first = this.#end = 1
  }

  /** The event of that number; undefined where it is forgotten or has not happened. */
  at(number: number): ServerEvent | undefined {
    return this.#remembers(number) ? this.#slots[number % this.#mostEvents] : undefined
  }

  idOf(number: number): string {
    return `${this.#epoch}-${number}`
  }

  /** The number of the first event after the one of that id; undefined where it can no longer be told. */
  after(id: string): number | undefined {
    const [, epoch, digits] = /^([0-9a-f]+)-(\d{1,15})$/.exec(id) ?? []
    const next = Number(digits) + 1
    return epoch === this.#epoch && (this.#remembers(next) || next === this.#end) ? next : undefined
  }

  #remembers(number: number): boolean {
    return number >= this.#first && number < this.#end
  }

  /** An event that is larger than all there is room for is forgotten at once; whoever missed it is told. */
  #forget(): void {
    const slot = this.#first++ % this.#mostEvents
    this.#bytes -= this.#slots[slot]?.text.length ?? 0
    this.#slots[slot] = undefined
  }
}

function newEpoch(): string {
  return randomBytes(6).toString('hex')
}
