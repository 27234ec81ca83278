/**
 * The bus: requests, replies, notifications and served queues over a transport.
 *
 * The transport moves text; what a message means, how long it is waited for and who is told what is decided here and in
 * `requests.ts` (the caller's side) and `serving.ts` (the service's side).
 */

import { createClient, type Client } from './client.ts'
import { Deadlines } from './rpc/deadlines.ts'
import { encodeNotification, type Params } from './rpc/json-rpc.ts'
import type { Logger } from './logger.ts'
import { lastWord } from './message.ts'
import { type ListenOptions, Notices } from './broadcast/notices.ts'
import { encodePayload } from './rpc/payload.ts'
import { decodeCancel, Requests, type RequestOptions } from './rpc/requests.ts'
import { RollCalls, type RollCallOptions } from './broadcast/roll-call.ts'
import { QueueServing, type ServeOptions, type Serving } from './rpc/serving.ts'
import { traceHeaders } from './rpc/trace.ts'
import type { DeadMessages, QueueDeclaration, Transport, TransportEvents } from './transport.ts'

/** What most parts need of the bus. */
export interface Requester {
  /** Asks whoever serves the routing key; its last word is the method. */
  request<T = unknown>(routingKey: string, params?: Params, options?: RequestOptions): Promise<T>
  /** Tells whoever serves the routing key, and wants no answer. */
  notify(routingKey: string, params?: Params): Promise<void>
  /** Sends a raw message: a text as text, everything else as JSON. */
  publish(routingKey: string, payload: unknown, options?: { persistent?: boolean }): Promise<void>
}

/** Where the connection stands. */
export type BusState = 'connected' | 'disconnected' | 'closed'

/** A connection to one exchange. */
export interface Bus extends Requester, AsyncDisposable {
  readonly exchange: string
  readonly state: BusState
  /** Messages that were set aside. */
  readonly dead: DeadMessages
  /** A typed caller of the service that serves `<prefix>.*`. */
  client<Service>(prefix: string, options?: RequestOptions): Client<Service>
  /** Asks who is there; resolves with what every process says of itself that answers in time. */
  rollCall(options?: RollCallOptions): Promise<unknown[]>
  /** Answers roll calls with what this says, until it is disposed. */
  answerRollCalls(describe: () => unknown): Disposable
  /**
   * Hears every transient message that matches one of the keys while this connection is up. Nothing is declared for it
   * and nothing is kept: what is said while the broker is away is missed, and that is told.
   */
  listen(routingKeys: readonly string[], options: ListenOptions): Disposable
  /** Declares and binds a queue, and hands its messages to the handler. */
  serve(queue: QueueDeclaration, options: ServeOptions): Promise<Serving>
  /** Stops serving, finishes what is in hand, and disconnects. May be called twice. */
  close(): Promise<void>
}

/** What a bus is made with. */
export interface BusOptions {
  readonly exchange: string
  readonly requestTimeout: number
  readonly log: Logger
}

/** Opens a transport and puts the bus on it. */
export async function openBus(
  open: (events: TransportEvents) => Promise<Transport>,
  options: BusOptions,
): Promise<Bus> {
  let bus: TransportBus | undefined
  const transport = await open({
    onReply: (body) => bus?.receive(body),
    onBroadcast: (text) => bus?.hear(text),
    onState: (state) => bus?.change(state),
    onMissed: () => bus?.miss(),
  })
  bus = new TransportBus(transport, options)
  return bus
}

class TransportBus implements Bus {
  readonly exchange: string
  readonly #transport: Transport
  readonly #log: Logger
  readonly #deadlines = new Deadlines()
  readonly #requests: Requests
  readonly #rollCalls: RollCalls
  readonly #notices: Notices
  readonly #servings = new Set<QueueServing>()
  readonly #cancelled = new Map<string, number>()
  #state: BusState = 'connected'
  #closing: Promise<void> | undefined

  constructor(transport: Transport, { exchange, requestTimeout, log }: BusOptions) {
    this.exchange = exchange
    this.#transport = transport
    this.#log = log
    this.#requests = new Requests(transport, { deadlines: this.#deadlines, timeout: requestTimeout, log })
    this.#rollCalls = new RollCalls(transport, { log })
    this.#notices = new Notices(transport, { log })
  }

  get state(): BusState {
    return this.#state
  }

  get dead(): DeadMessages {
    return this.#transport.dead
  }

  request<T = unknown>(routingKey: string, params: Params = [], options: RequestOptions = {}): Promise<T> {
    return this.#requests.send<T>(routingKey, params, options)
  }

  async notify(routingKey: string, params: Params = []): Promise<void> {
    const body = encodeNotification(lastWord(routingKey), params)
    await this.#transport.publish({
      routingKey,
      body,
      contentType: 'application/json',
      headers: traceHeaders(),
    })
  }

  async publish(routingKey: string, payload: unknown, options: { persistent?: boolean } = {}): Promise<void> {
    const message = { routingKey, ...encodePayload(payload), ...options, headers: traceHeaders() }
    await Promise.all([this.#transport.publish(message), this.#notices.say(message)])
  }

  client<Service>(prefix: string, options: RequestOptions = {}): Client<Service> {
    return createClient<Service>(prefix, (routingKey, params) => this.request(routingKey, params, options))
  }

  rollCall(options?: RollCallOptions): Promise<unknown[]> {
    return this.#rollCalls.call(options)
  }

  answerRollCalls(describe: () => unknown): Disposable {
    return this.#rollCalls.answer(describe)
  }

  listen(routingKeys: readonly string[], options: ListenOptions): Disposable {
    return this.#notices.listen(routingKeys, options)
  }

  async serve(queue: QueueDeclaration, { handler, prefetch }: ServeOptions): Promise<Serving> {
    const serving = new QueueServing(handler, {
      transport: this.#transport,
      deadlines: this.#deadlines,
      log: this.#log,
      isCancelled: (id) => this.#cancelled.size > 0 && this.#cancelled.has(id),
    })
    this.#servings.add(serving)
    return serving.start(queue, prefetch)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** An answer arrived. */
  receive(body: string): void {
    if (!this.#rollCalls.receive(body)) this.#requests.receive(body)
  }

  /** Somebody said something to all: a notice, that a caller gave up, or that they want to know who is there. */
  hear(text: string): void {
    if (this.#notices.hear(text)) return
    const cancel = decodeCancel(text)
    if (!cancel) return this.#rollCalls.hear(text)
    for (const serving of this.#servings) serving.cancel(cancel.id)
    if (this.#servings.size > 0) this.#remember(cancel)
  }

  change(state: 'connected' | 'disconnected'): void {
    if (this.#state !== 'closed') this.#state = state
  }

  /** What was said to all may not have reached us. */
  miss(): void {
    this.#notices.miss()
  }

  /** A request may be cancelled before it was taken from its queue. */
  #remember({ id, until }: { id: string; until: number }): void {
    const now = Date.now()
    if (until <= now) return
    this.#cancelled.set(id, until)
    for (const [other, end] of this.#cancelled) {
      if (end > now && this.#cancelled.size <= mostCancelled) break
      this.#cancelled.delete(other)
    }
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#servings].map((serving) => serving.stop()))
    this.#requests.rejectAll('the connection was closed before the answer came')
    this.#deadlines.clear()
    await this.#transport.close()
    this.#state = 'closed'
  }
}

const mostCancelled = 10_000
