/**
 * Asks the server for messages, and knows how many of them may still come.
 *
 * The library's own ways of consuming do not bound how many messages are unsettled, which is what `prefetch` means; so
 * the requests are made here, as JetStream's protocol describes them.
 */

import { createInbox, nanos, type Msg, type Subscription } from '@nats-io/transport-node'
import { consumerName } from './names.ts'
import type { Socket } from './socket.ts'

/** What becomes of what arrives. */
export interface PullEvents {
  onMessage(message: Msg): void
  /** A request has ended, and there is room for others. */
  onCapacity(): void
  /** The stream or its consumer is gone. */
  onStreamGone(): void
}

/** How long the server keeps a request at most, in milliseconds. */
const maxExpiry = 10_000
/**
 * It keeps none as long as a message stays in the hands of a dead process, though: NATS 2.9 counts a delivery wrong when
 * a message comes back while requests of processes that are gone are still waiting for it.
 */
const expiryShare = 0.4
/** How long after that a server that said nothing has forgotten it. */
const grace = 2_000

/** All requests for the messages of one stream. */
export class Pulls {
  readonly #stream: string
  readonly #socket: Socket
  readonly #events: PullEvents
  readonly #expiry: number
  readonly #inbox = createInbox()
  readonly #subscription: Subscription
  /** How many each request asked for, by its number. */
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

  /** How many messages may still come. */
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

  /** Forgets the requests: after a lost connection, and where the server has said nothing for too long. */
  reset(): void {
    this.#outstanding = 0
    this.#batches.clear()
  }

  /** A server that says nothing even when requests expire has forgotten them: perhaps somebody removed the stream. */
  check(): void {
    if (this.#outstanding === 0 || Date.now() - this.#lastReceived < this.#expiry + grace) return
    this.reset()
    this.#events.onStreamGone()
  }

  /** Takes the requests back; resolves when nothing can arrive any more. */
  async close(): Promise<void> {
    this.reset()
    if (!this.#socket.ready) return this.#subscription.unsubscribe()
    await this.#fence()
    await this.#subscription.drain().catch(() => {})
    await this.#sweep()
  }

  /** Requests are read in order: the answer to one that cannot be read says that those before it have been. */
  async #fence(): Promise<void> {
    await this.#socket.ask(this.#subject, '{').catch(() => {})
  }

  /** Asked about a consumer, the server looks through the requests and forgets those that nobody waits for. */
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

  /** A request has ended before all that it asked for came; the server says how many did not, or else it was none. */
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
