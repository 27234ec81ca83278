/**
 * Requests messages from the server, and counts how many may still arrive.
 *
 * The library's consumers do not limit the number of unsettled messages, which is the meaning of `prefetch`. So this
 * module sends pull requests of the JetStream protocol itself.
 */

import { createInbox, nanos, type Msg, type Subscription } from '@nats-io/transport-node'
import { consumerName } from './names.ts'
import type { Socket } from './socket.ts'

/** What the server's answers to the requests report. */
export interface PullEvents {
  onMessage(message: Msg): void
  /** A request has ended, so another one can be sent. */
  onCapacity(): void
  /** The stream or its consumer was deleted. */
  onStreamGone(): void
}

/** The longest time that a request is open, in milliseconds. */
const maxExpiry = 10_000
/**
 * The time that a request is open, as a share of the visibility, so that requests of dead processes end before their
 * messages are redelivered: NATS 2.9 counts deliveries wrong otherwise.
 */
const expiryShare = 0.4
/** How long after its expiry a request without an answer counts as lost, in milliseconds. */
const grace = 2_000

/** The open requests for messages of one stream. */
export class Pulls {
  readonly #stream: string
  readonly #socket: Socket
  readonly #events: PullEvents
  readonly #expiry: number
  readonly #inbox = createInbox()
  readonly #subscription: Subscription
  /** The number of messages requested, by the number of the request. */
  readonly #batches = new Map<string, number>()
  #count = 0
  #outstanding = 0
  #lastReceived = Date.now()

  constructor(
    stream: string,
    { socket, visibility }: { socket: Socket; visibility: number },
    events: PullEvents,
  ) {
    this.#stream = stream
    this.#socket = socket
    this.#events = events
    this.#expiry = Math.min(maxExpiry, Math.round(visibility * expiryShare))
    this.#subscription = socket.subscribe(`${this.#inbox}.*`, (message) => this.#receive(message))
  }

  /** How many messages may still arrive. */
  get outstanding(): number {
    return this.#outstanding
  }

  ask(batch: number): void {
    const number = String(this.#count++)
    const request = JSON.stringify({ batch, expires: nanos(this.#expiry) })
    const reply = `${this.#inbox}.${number}`
    if (this.#outstanding === 0) this.#batches.clear()
    this.#batches.set(number, batch)
    this.#outstanding += batch
    this.#lastReceived = Date.now()
    this.#socket.send(this.#subject, request, { reply })
  }

  /** Forgets the open requests, after a lost connection or a missing answer. */
  reset(): void {
    this.#outstanding = 0
    this.#batches.clear()
  }

  /** Treats the stream as deleted when the server does not even report the expiry of a request. */
  check(): void {
    if (this.#outstanding === 0 || Date.now() - this.#lastReceived < this.#expiry + grace) return
    this.reset()
    this.#events.onStreamGone()
  }

  /** Withdraws the requests; resolves when no message can arrive any more. */
  async close(): Promise<void> {
    this.reset()
    if (!this.#socket.ready) return this.#subscription.unsubscribe()
    await this.#fence()
    await this.#subscription.drain().catch(() => {})
    await this.#sweep()
  }

  /** The server reads requests in order, so its answer to an invalid one means that it has read all before it. */
  async #fence(): Promise<void> {
    await this.#socket.ask(this.#subject, '{').catch(() => {})
  }

  /** When asked about a consumer, the server removes the requests whose reply subject has no subscriber. */
  async #sweep(): Promise<void> {
    await this.#socket.streams.consumers.info(this.#stream, consumerName).catch(() => {})
  }

  get #subject(): string {
    return `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${consumerName}`
  }

  #receive(message: Msg): void {
    this.#lastReceived = Date.now()
    const code = message.headers?.code ?? 0
    if (code === 0) {
      this.#outstanding = Math.max(0, this.#outstanding - 1)
      this.#events.onMessage(message)
    } else if (code === noResponders || /deleted/i.test(message.headers?.description ?? '')) {
      this.reset()
      this.#events.onStreamGone()
    } else if (code >= 400) this.#end(message)
  }

  /** A request ended early: the server reports how many messages are missing, or it delivered none. */
  #end({ subject, headers }: Msg): void {
    const number = subject.slice(this.#inbox.length + 1)
    const left = headers?.get('Nats-Pending-Messages')
    const unserved = left ? Number(left) : (this.#batches.get(number) ?? 0)
    this.#batches.delete(number)
    this.#outstanding = Math.max(0, this.#outstanding - unserved)
    this.#events.onCapacity()
  }
}

const noResponders = 503
