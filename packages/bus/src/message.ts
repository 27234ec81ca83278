/**
 * A message as a handler sees it.
 *
 * Most handlers read the arguments and nothing else, so what costs something (the signal, the date) is made when it is
 * first looked at.
 */

import type { Deadlines, Expiring } from './rpc/deadlines.ts'
import { BusError } from './errors.ts'
import { encodeResult, readId, unknownId, type Call, type Params, type RpcId } from './rpc/json-rpc.ts'
import { traceHeaders } from './rpc/trace.ts'
import type { Delivery, Headers, Reply } from './transport.ts'

/** A message as a handler sees it. */
export interface Message {
  readonly id: string | undefined
  /** Undefined when the message is no JSON-RPC; then see `body`. */
  readonly method: string | undefined
  readonly routingKey: string
  readonly queue: string
  readonly params: Params
  /** The decoded payload, whole. */
  readonly body: unknown
  /** True when an earlier process had this message and died, or let go of it. */
  readonly redelivered: boolean
  readonly headers: Headers
  /** When the caller stops waiting. */
  readonly deadline: Date | undefined
  /** Aborted when the caller gives up, its deadline passes, or the service is made to stop. */
  readonly signal: AbortSignal
  readonly wantsReply: boolean
  /** Answers now, while the handler works on; what the handler returns later is not sent. At most once. */
  reply(result: unknown): Promise<void>
}

/** Returns the result, or throws; the bus turns either into the reply. */
export type Handler = (message: Message) => unknown

/** The method that a routing key names: its last word. */
export function lastWord(routingKey: string): string {
  return routingKey.slice(routingKey.lastIndexOf('.') + 1)
}

const never = Number.POSITIVE_INFINITY

/** The time after which nobody waits for a message, in milliseconds since 1970; infinity where it does not say. */
export function deadlineOf(headers: Headers): number {
  const deadline = headers['deadline']
  return deadline !== undefined && /^\d+$/.test(deadline) ? Number(deadline) : never
}

/** A message while a handler works on it. */
export class InHand implements Message, Expiring {
  readonly delivery: Delivery
  readonly body: unknown
  /** The deadline in milliseconds since 1970; never where there is none. */
  readonly dueAt: number
  readonly #call: Call | undefined
  readonly #means: Means
  #controller: AbortController | undefined
  #ended: BusError | undefined
  #replied = false
  #callerIsGone = false

  constructor(delivery: Delivery, content: { body: unknown; call: Call | undefined }, means: Means) {
    this.delivery = delivery
    this.body = content.body
    this.dueAt = deadlineOf(delivery.headers)
    this.#call = content.call
    this.#means = means
  }

  get id(): string | undefined {
    const id = this.#call?.id
    return id === undefined || id === null ? undefined : String(id)
  }

  /** The id exactly as the caller wrote it, for the answer. */
  get rpcId(): RpcId {
    return this.#call?.id ?? readId(this.body) ?? unknownId
  }

  get method(): string | undefined {
    return this.#call?.method
  }

  get params(): Params {
    return this.#call?.params ?? {}
  }

  get routingKey(): string {
    return this.delivery.routingKey
  }

  get queue(): string {
    return this.delivery.queue
  }

  get headers(): Headers {
    return this.delivery.headers
  }

  get redelivered(): boolean {
    return this.delivery.redelivered
  }

  get wantsReply(): boolean {
    return this.delivery.replyTo !== undefined
  }

  get deadline(): Date | undefined {
    return this.dueAt === never ? undefined : new Date(this.dueAt)
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#ended) this.#controller.abort(this.#ended)
      else if (this.dueAt !== never) this.#means.deadlines.add(this)
    }
    return this.#controller.signal
  }

  async reply(result: unknown): Promise<void> {
    if (this.#replied) throw new Error(`${this.routingKey} was answered already`)
    const reply = this.answer(encodeResult(this.rpcId, result))
    this.#replied = true
    if (reply) await this.#means.send(reply)
  }

  /** The answer as the transport takes it; undefined where nobody waits for one, or no longer. */
  answer(body: string): Reply | undefined {
    const queue = this.delivery.replyTo
    if (queue === undefined || this.#replied || this.#callerIsGone) return undefined
    return { queue, body, headers: traceHeaders() }
  }

  /** The caller gave up: the handler is told to stop, and nobody is answered. */
  cancel(): void {
    this.#callerIsGone = true
    this.abort(new BusError('Cancelled', `the caller gave up on ${this.routingKey}`))
  }

  /** Tells the handler to stop. */
  abort(reason: BusError): void {
    this.#ended ??= reason
    this.#controller?.abort(this.#ended)
  }

  expire(): void {
    this.abort(new BusError('Timeout', `the time limit of ${this.routingKey} has passed`))
  }

  /** The handler has finished. */
  release(): void {
    if (this.#controller) this.#means.deadlines.delete(this)
  }
}

interface Means {
  readonly deadlines: Deadlines
  readonly send: (reply: Reply) => Promise<void>
}
