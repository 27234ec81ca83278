/**
 * The service's side: from a delivery to a handler, and from what the handler returns or throws to the answer.
 *
 * Whatever arrives, the service goes on: what cannot be handled is answered with the right error where somebody waits,
 * else set aside, and logged once.
 */

import type { Deadlines } from './deadlines.ts'
import { BusError, errorTable } from '../errors.ts'
import { encodeError, encodeResult, readCall, readId, unknownId, type Call } from './json-rpc.ts'
import { decodeBody } from './payload.ts'
import type { Logger } from '../logger.ts'
import { InHand, lastWord, type Handler } from '../message.ts'
import { traceHandler } from './trace.ts'
import type { Consumer, Delivery, QueueDeclaration, Reply, Settlement, Transport } from '../transport.ts'

/** How a queue is served. */
export interface ServeOptions {
  /** How many messages may be worked on at a time; default 100. */
  prefetch?: number
  handler: Handler
}

/** A queue that is being served. */
export interface Serving {
  /**
   * Takes no further message and waits for those in hand, at most `timeout` milliseconds (default 10 000). Then their
   * signals are aborted, and what still does not end is given back for another process.
   */
  stop(options?: { timeout?: number }): Promise<void>
}

interface Means {
  readonly transport: Transport
  readonly deadlines: Deadlines
  readonly log: Logger
  readonly isCancelled: (id: string) => boolean
}

const defaultPrefetch = 100
const defaultDrain = 10_000
const graceAfterAbort = 1_000

/** One queue, its handler, and the messages in hand. */
export class QueueServing implements Serving {
  readonly #means: Means
  readonly #handler: Handler
  readonly #inHand = new Set<InHand>()
  readonly #messageMeans: { deadlines: Deadlines; send: (reply: Reply) => Promise<void> }
  #consumer: Consumer | undefined
  #stopping: Promise<void> | undefined
  #idle: (() => void) | undefined

  constructor(handler: Handler, means: Means) {
    this.#handler = handler
    this.#means = means
    this.#messageMeans = { deadlines: means.deadlines, send: (reply) => means.transport.reply(reply) }
  }

  async start(queue: QueueDeclaration, prefetch = defaultPrefetch): Promise<this> {
    const onDelivery = (delivery: Delivery): void => this.#receive(delivery)
    this.#consumer = await this.#means.transport.consume(queue, { prefetch, onDelivery })
    return this
  }

  stop({ timeout = defaultDrain }: { timeout?: number } = {}): Promise<void> {
    this.#stopping ??= this.#drain(timeout)
    return this.#stopping
  }

  /** Tells the handler of that request, if it runs here, that its caller is gone. */
  cancel(id: string): void {
    for (const message of this.#inHand) {
      if (message.id === id) message.cancel()
    }
  }

  async #drain(timeout: number): Promise<void> {
    await this.#consumer?.stop()
    if (await this.#idleWithin(timeout)) return
    for (const message of this.#inHand)
      message.abort(new BusError('Cancelled', 'the service is made to stop'))
    if (await this.#idleWithin(Math.min(timeout, graceAfterAbort))) return
    const left = [...this.#inHand]
    this.#means.log.warn({ count: left.length }, 'gave back messages whose handlers did not end in time')
    await Promise.all(left.map((message) => this.#settle(message.delivery, { kind: 'released' })))
  }

  #idleWithin(timeout: number): Promise<boolean> {
    if (this.#inHand.size === 0) return Promise.resolve(true)
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
      body = decodeBody(delivery)
      call = readCall(body)
      if (call && call.method !== lastWord(delivery.routingKey))
        throw mismatch(call.method, delivery.routingKey)
    } catch (error) {
      void this.#refuse(delivery, error, body)
      return
    }
    const message = new InHand(delivery, { body, call }, this.#messageMeans)
    if (message.dueAt <= Date.now()) void this.#skip(message, 'its time limit has passed')
    else if (message.id !== undefined && this.#means.isCancelled(message.id))
      void this.#skip(message, 'it was cancelled')
    else void this.#handle(message)
  }

  async #handle(message: InHand): Promise<void> {
    this.#inHand.add(message)
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
    this.#inHand.delete(message)
    if (this.#inHand.size === 0) this.#idle?.()
    await settled
  }

  /** An error is an answer. Where nobody waits for one it is logged, and a message that is no call is set aside. */
  #failure(message: InHand, error: unknown): Settlement {
    const reply = message.answer(encodeError(message.rpcId, error))
    if (reply) return { kind: 'done', reply }
    const { id, queue, routingKey } = message
    this.#means.log.error(
      { id, queue, routingKey, err: error },
      'a handler failed and nobody waits for its answer',
    )
    return message.method === undefined && isRefusal(error) ? { kind: 'dead', reason: reasonOf(error) } : done
  }

  /** The message cannot be read as what it claims to be. */
  async #refuse(delivery: Delivery, error: unknown, body: unknown): Promise<void> {
    const { queue, routingKey, replyTo } = delivery
    this.#means.log.warn({ queue, routingKey, err: error }, 'refused a message')
    if (replyTo === undefined) return this.#settle(delivery, { kind: 'dead', reason: reasonOf(error) })
    const reply = { queue: replyTo, body: encodeError(readId(body) ?? unknownId, error) }
    return this.#settle(delivery, { kind: 'done', reply })
  }

  async #skip(message: InHand, why: string): Promise<void> {
    const { id, queue, routingKey } = message
    this.#means.log.debug({ id, queue, routingKey }, `did not start a request: ${why}`)
    await this.#settle(message.delivery, done)
  }

  async #settle(delivery: Delivery, settlement: Settlement): Promise<void> {
    try {
      await delivery.settle(settlement)
    } catch (err) {
      const { queue, routingKey } = delivery
      this.#means.log.error(
        { queue, routingKey, err },
        'a message could not be settled; it will be delivered again',
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
