/**
 * The service's side: passes deliveries to a handler, and turns what it returns or throws into the reply.
 *
 * No message stops the service. A message that cannot be handled gets an error reply when a caller waits, is set aside
 * otherwise, and is logged once.
 */

import type { Complaints } from '../edge/complaints.ts'
import type { Deadlines } from './deadlines.ts'
import { BusError, errorTable } from '../errors.ts'
import { encodeError, encodeResult, readCall, readId, unknownId, type Call } from './json-rpc.ts'
import { decodeBody } from './payload.ts'
import type { Logger } from '../logger.ts'
import { ActiveMessage, lastWord, type Handler } from '../message.ts'
import { traceHandler } from './trace.ts'
import type { Consumer, Delivery, QueueDeclaration, Reply, Settlement, Transport } from '../transport.ts'

/** How a queue is served. */
export interface ServeOptions {
  /** How many messages are handled at a time; default 100. */
  prefetch?: number
  handler: Handler
}

/** A queue that is being served. */
export interface Serving {
  /**
   * Takes no further messages and waits for the running handlers, at most `timeout` milliseconds (default 10 000). Then
   * it aborts their signals, and releases the messages of handlers that still do not end to other processes.
   */
  stop(options?: { timeout?: number }): Promise<void>
}

interface ServingDeps {
  readonly transport: Transport
  readonly deadlines: Deadlines
  readonly log: Logger
  readonly complaints: Complaints
  readonly isCancelled: (id: string) => boolean
}

const defaultPrefetch = 100
const defaultDrain = 10_000
const graceAfterAbort = 1_000

/** One queue, its handler, and the messages that are being handled. */
export class QueueServing implements Serving {
  readonly #deps: ServingDeps
  readonly #handler: Handler
  readonly #active = new Set<ActiveMessage>()
  readonly #messageDeps: { deadlines: Deadlines; send: (reply: Reply) => Promise<void> }
  #consumer: Consumer | undefined
  #stopping: Promise<void> | undefined
  #idle: (() => void) | undefined

  constructor(handler: Handler, deps: ServingDeps) {
    this.#handler = handler
    this.#deps = deps
    this.#messageDeps = { deadlines: deps.deadlines, send: (reply) => deps.transport.reply(reply) }
  }

  async start(queue: QueueDeclaration, prefetch = defaultPrefetch): Promise<this> {
    const onDelivery = (delivery: Delivery): void => this.#receive(delivery)
    this.#consumer = await this.#deps.transport.consume(queue, { prefetch, onDelivery })
    return this
  }

  stop({ timeout = defaultDrain }: { timeout?: number } = {}): Promise<void> {
    this.#stopping ??= this.#drain(timeout)
    return this.#stopping
  }

  /** Aborts the handler of a cancelled request, if it runs here. */
  cancel(id: string): void {
    for (const message of this.#active) {
      if (message.id === id) message.cancel()
    }
  }

  async #drain(timeout: number): Promise<void> {
    await this.#consumer?.stop()
    if (await this.#idleWithin(timeout)) return
    for (const message of this.#active) message.abort(new BusError('Cancelled', 'the service is stopping'))
    if (await this.#idleWithin(Math.min(timeout, graceAfterAbort))) return
    const left = [...this.#active]
    this.#deps.log.warn({ count: left.length }, 'released messages whose handlers did not end in time')
    await Promise.all(left.map((message) => this.#settle(message.delivery, { kind: 'released' })))
  }

  #idleWithin(timeout: number): Promise<boolean> {
    if (this.#active.size === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeout)
      this.#idle = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  #receive(delivery: Delivery): void {
    let body: unknown
    let call: Call | undefined
    try {
      if (delivery.fault) throw delivery.fault
      body = decodeBody(delivery)
      call = readCall(body)
      if (call && call.method !== lastWord(delivery.routingKey))
        throw mismatch(call.method, delivery.routingKey)
    } catch (error) {
      void this.#refuse(delivery, error, body)
      return
    }
    const message = new ActiveMessage(delivery, { body, call }, this.#messageDeps)
    if (message.dueAt <= Date.now()) void this.#skip(message, 'its time limit has passed')
    else if (message.id !== undefined && this.#deps.isCancelled(message.id))
      void this.#skip(message, 'it was cancelled')
    else void this.#handle(message)
  }

  async #handle(message: ActiveMessage): Promise<void> {
    this.#active.add(message)
    let settlement: Settlement
    try {
      const result = await traceHandler(message, () => this.#handler(message))
      const reply = message.answer(encodeResult(message.rpcId, result))
      settlement = reply ? { kind: 'done', reply } : done
    } catch (error) {
      settlement = this.#failure(message, error)
    }
    const settled = this.#settle(message.delivery, settlement)
    message.release()
    this.#active.delete(message)
    if (this.#active.size === 0) this.#idle?.()
    await settled
  }

  /** Replies with the error. Without a waiting caller it logs the error, and sets aside a raw message that was refused. */
  #failure(message: ActiveMessage, error: unknown): Settlement {
    const reply = message.answer(encodeError(message.rpcId, error))
    if (reply) return { kind: 'done', reply }
    const { id, queue, routingKey } = message
    this.#deps.log.error(
      { id, queue, routingKey, err: error },
      'a handler failed, and no caller waits for its reply',
    )
    return message.method === undefined && isRefusal(error) ? { kind: 'dead', reason: reasonOf(error) } : done
  }

  /** Refuses a message that cannot be decoded or is not a valid call. */
  async #refuse(delivery: Delivery, error: unknown, body: unknown): Promise<void> {
    const { queue, routingKey, replyTo } = delivery
    this.#deps.complaints.warn({ queue, routingKey, err: error }, 'refused a message')
    if (replyTo === undefined) return this.#settle(delivery, { kind: 'dead', reason: reasonOf(error) })
    const reply = { queue: replyTo, body: encodeError(readId(body) ?? unknownId, error) }
    return this.#settle(delivery, { kind: 'done', reply })
  }

  async #skip(message: ActiveMessage, why: string): Promise<void> {
    const { id, queue, routingKey } = message
    this.#deps.log.debug({ id, queue, routingKey }, `did not start a request: ${why}`)
    await this.#settle(message.delivery, done)
  }

  async #settle(delivery: Delivery, settlement: Settlement): Promise<void> {
    try {
      await delivery.settle(settlement)
    } catch (err) {
      const { queue, routingKey } = delivery
      this.#deps.log.error(
        { queue, routingKey, err },
        'could not settle a message; it will be delivered again',
      )
    }
  }
}

const done: Settlement = { kind: 'done' }

function mismatch(method: string, routingKey: string): BusError {
  const message = `the message calls "${method}", but its routing key "${routingKey}" calls "${lastWord(routingKey)}"`
  return new BusError('InvalidRequest', message)
}

function isRefusal(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === errorTable.InvalidRequest.code || code === errorTable.ParseError.code
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
