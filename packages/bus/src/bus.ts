/**
 * The bus: requests, replies, notifications and served queues over a transport.
 *
 * The transport moves text. This file, `rpc/requests.ts` (the caller) and `rpc/serving.ts` (the service) decide what a
 * message means, how long a request waits and who is answered.
 */

import { checkRoutingKey } from './edge/routing-key.ts'
import type { Complaints } from './edge/complaints.ts'
import { createClient, type Client } from './client.ts'
import { Deadlines } from './rpc/deadlines.ts'
import { encodeNotification, type Params } from './rpc/json-rpc.ts'
import type { Logger } from './logger.ts'
import { lastWord } from './message.ts'
import { type ListenOptions, Broadcasts } from './broadcast/broadcasts.ts'
import { encodePayload } from './rpc/payload.ts'
import { decodeCancel, Requests, type RequestOptions } from './rpc/requests.ts'
import { RollCalls, type RollCallOptions } from './broadcast/roll-call.ts'
import { QueueServing, type ServeOptions, type Serving } from './rpc/serving.ts'
import { traceHeaders } from './rpc/trace.ts'
import type { DeadMessages, QueueDeclaration, Transport, TransportEvents } from './transport.ts'

/** Sends messages: the part of a bus that most callers need. */
export interface Requester {
  /** Calls the service that serves the routing key; the last word of the key is the method. */
  request<T = unknown>(routingKey: string, params?: Params, options?: RequestOptions): Promise<T>
  /** Sends a notification: a call without a reply. */
  notify(routingKey: string, params?: Params): Promise<void>
  /** Sends a raw message: a string as text, everything else as JSON. */
  publish(routingKey: string, payload: unknown, options?: { persistent?: boolean }): Promise<void>
}

/** The state of the connection. */
export type BusState = 'connected' | 'disconnected' | 'closed'

/** A connection to one exchange. */
export interface Bus extends Requester, AsyncDisposable {
  readonly exchange: string
  readonly state: BusState
  /** The dead letters: messages that were set aside. */
  readonly dead: DeadMessages
  /** Returns a typed client of the service that serves `<prefix>.*`. */
  client<Service>(prefix: string, options?: RequestOptions): Client<Service>
  /** Asks every process of the exchange to describe itself; resolves with the answers that arrive in time. */
  rollCall(options?: RollCallOptions): Promise<unknown[]>
  /** Answers roll calls with what `describe` returns, until the result is disposed. */
  answerRollCalls(describe: () => unknown): Disposable
  /**
   * Receives every transient message that matches one of the keys while this connection is up. Nothing is declared on
   * the broker and nothing is stored: messages sent while the connection is lost are missed, and `onMissed` reports that.
   */
  listen(routingKeys: readonly string[], options: ListenOptions): Disposable
  /** Declares and binds a queue, and passes its messages to the handler. */
  serve(queue: QueueDeclaration, options: ServeOptions): Promise<Serving>
  /** Stops serving, finishes the running handlers, and disconnects. Can be called twice. */
  close(): Promise<void>
}

/** The settings of a bus. */
export interface BusOptions {
  readonly exchange: string
  readonly requestTimeout: number
  readonly log: Logger
  readonly complaints: Complaints
}

/** Opens a transport and returns a bus that uses it. */
export async function openBus(
  open: (events: TransportEvents) => Promise<Transport>,
  options: BusOptions,
): Promise<Bus> {
  let bus: TransportBus | undefined
  const transport = await open({
    onReply: (body) => bus?.receiveReply(body),
    onBroadcast: (text) => bus?.receiveBroadcast(text),
    onState: (state, cause) => bus?.setState(state, cause),
    onMissed: () => bus?.reportMissed(),
  })
  bus = new TransportBus(transport, options)
  return bus
}

class TransportBus implements Bus {
  readonly exchange: string
  readonly #transport: Transport
  readonly #log: Logger
  readonly #complaints: Complaints
  readonly #deadlines = new Deadlines()
  readonly #requests: Requests
  readonly #rollCalls: RollCalls
  readonly #broadcasts: Broadcasts
  readonly #servings = new Set<QueueServing>()
  readonly #cancelled = new Map<string, number>()
  #state: BusState = 'connected'
  #closing: Promise<void> | undefined

  constructor(transport: Transport, { exchange, requestTimeout, log, complaints }: BusOptions) {
    this.exchange = exchange
    this.#transport = transport
    this.#log = log
    this.#complaints = complaints
    this.#requests = new Requests(transport, { deadlines: this.#deadlines, timeout: requestTimeout, log })
    this.#rollCalls = new RollCalls(transport, { log })
    this.#broadcasts = new Broadcasts(transport, { log })
  }

  get state(): BusState {
    return this.#state
  }

  get dead(): DeadMessages {
    return this.#transport.dead
  }

  request<T = unknown>(routingKey: string, params: Params = [], options: RequestOptions = {}): Promise<T> {
    const fault = checkRoutingKey(routingKey)
    return fault ? Promise.reject(fault) : this.#requests.send<T>(routingKey, params, options)
  }

  async notify(routingKey: string, params: Params = []): Promise<void> {
    const fault = checkRoutingKey(routingKey)
    if (fault) throw fault
    const body = encodeNotification(lastWord(routingKey), params)
    await this.#transport.publish({
      routingKey,
      body,
      contentType: 'application/json',
      headers: traceHeaders(),
    })
  }

  async publish(routingKey: string, payload: unknown, options: { persistent?: boolean } = {}): Promise<void> {
    const fault = checkRoutingKey(routingKey)
    if (fault) throw fault
    const message = { routingKey, ...encodePayload(payload), ...options, headers: traceHeaders() }
    await Promise.all([this.#transport.publish(message), this.#broadcasts.send(message)])
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
    return this.#broadcasts.listen(routingKeys, options)
  }

  async serve(queue: QueueDeclaration, { handler, prefetch }: ServeOptions): Promise<Serving> {
    const serving = new QueueServing(handler, {
      transport: this.#transport,
      deadlines: this.#deadlines,
      log: this.#log,
      complaints: this.#complaints,
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

  /** Takes a reply from the reply queue. */
  receiveReply(body: string): void {
    this.#guarded('a reply', () => {
      if (!this.#rollCalls.receiveReply(body)) this.#requests.receive(body)
    })
  }

  /** Takes a broadcast: a transient message, a cancellation or a roll call. */
  receiveBroadcast(text: string): void {
    this.#guarded('a broadcast', () => this.#receiveBroadcast(text))
  }

  #receiveBroadcast(text: string): void {
    if (this.#broadcasts.receive(text)) return
    const cancel = decodeCancel(text)
    if (!cancel) return this.#rollCalls.receiveBroadcast(text)
    for (const serving of this.#servings) serving.cancel(cancel.id)
    if (this.#servings.size > 0) this.#rememberCancelled(cancel)
  }

  /** Takes a change of the connection's state. Logs each loss and each return once. */
  setState(state: 'connected' | 'disconnected', cause?: Error): void {
    if (this.#state === state || this.#state === 'closed') return
    this.#state = state
    if (this.#closing) return
    const { exchange } = this
    if (state === 'connected') this.#log.info({ exchange }, 'connected to the broker again')
    else this.#log.warn({ exchange, err: cause }, 'lost the connection to the broker; reconnecting')
  }

  /** Runs a reader and logs what it throws, so that no message ends the process. */
  #guarded(subject: string, read: () => void): void {
    try {
      read()
    } catch (err) {
      this.#complaints.warn({ exchange: this.exchange, err }, `dropped ${subject} that cannot be read`)
    }
  }

  /** Tells the listeners that broadcasts may have been missed. */
  reportMissed(): void {
    this.#broadcasts.reportMissed()
  }

  /** Remembers a cancellation until the request's deadline: the request may still be on its queue. */
  #rememberCancelled({ id, until }: { id: string; until: number }): void {
    const now = Date.now()
    if (until <= now) return
    this.#cancelled.set(id, until)
    for (const [other, end] of this.#cancelled) {
      if (end > now && this.#cancelled.size <= maxCancelled) break
      this.#cancelled.delete(other)
    }
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#servings].map((serving) => serving.stop()))
    this.#requests.rejectAll('the connection was closed before the answer came')
    this.#deadlines.clear()
    await this.#transport.close()
    this.#complaints.close()
    this.#state = 'closed'
  }
}

const maxCancelled = 10_000
