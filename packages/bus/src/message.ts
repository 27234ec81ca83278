/**
 * A message as a handler sees it.
 *
 * Most handlers read the arguments and nothing else, so the costly members (the signal, the date) are created on first
 * access.
 */

import type { Deadlines, Expiring } from './rpc/deadlines.ts'
import { readDeadline } from './edge/headers.ts'
import { BusError } from './errors.ts'
import { encodeResult, readId, unknownId, type Call, type Params, type RpcId } from './rpc/json-rpc.ts'
import { traceHeaders } from './rpc/trace.ts'
import type { Delivery, Headers, Reply } from './transport.ts'

/** A message as a handler sees it. */
export interface Message {
  readonly id: string | undefined
  /** Undefined when the message is not JSON-RPC; `body` then has its content. */
  readonly method: string | undefined
  readonly routingKey: string
  readonly queue: string
  readonly params: Params
  /** The whole decoded payload. */
  readonly body: unknown
  /** True when an earlier consumer received this message and died or released it. */
  readonly redelivered: boolean
  readonly headers: Headers
  /** When the caller stops waiting. */
  readonly deadline: Date | undefined
  /** Aborted when the caller cancels, the deadline passes, or the service stops. */
  readonly signal: AbortSignal
  readonly wantsReply: boolean
  /** Sends the reply before the handler ends; what the handler returns is then not sent. Can be called once. */
  reply(result: unknown): Promise<void>
}

/** Handles a message: the bus sends what it returns or throws as the reply. */
export type Handler = (message: Message) => unknown

/** Returns the last word of a routing key, which names the method. */
export function lastWord(routingKey: string): string {
  return routingKey.slice(routingKey.lastIndexOf('.') + 1)
}

const never = Number.POSITIVE_INFINITY

/** Returns the deadline of a message in milliseconds since 1970, or infinity when it has none. */
export function deadlineOf(headers: Headers): number {
  return readDeadline(headers['deadline']) ?? never
}

/** A message whose handler is running. */
export class ActiveMessage implements Message, Expiring {
  readonly delivery: Delivery
  readonly body: unknown
  /** The deadline in milliseconds since 1970; infinity when there is none. */
  readonly dueAt: number
  readonly #call: Call | undefined
  readonly #deps: MessageDeps
  #controller: AbortController | undefined
  #ended: BusError | undefined
  #replied = false
  #callerIsGone = false

  constructor(delivery: Delivery, content: { body: unknown; call: Call | undefined }, deps: MessageDeps) {
    this.delivery = delivery
    this.body = content.body
    this.dueAt = deadlineOf(delivery.headers)
    this.#call = content.call
    this.#deps = deps
  }

  get id(): string | undefined {
    const id = this.#call?.id
    return id === undefined || id === null ? undefined : String(id)
  }

  /** The id exactly as the caller wrote it, for the reply. */
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
      else if (this.dueAt !== never) this.#deps.deadlines.add(this)
    }
    return this.#controller.signal
  }

  async reply(result: unknown): Promise<void> {
    if (this.#replied) throw new Error(`cannot reply to ${this.routingKey}: it already has a reply`)
    const reply = this.answer(encodeResult(this.rpcId, result))
    this.#replied = true
    if (reply) await this.#deps.send(reply)
  }

  /** Returns the reply for the transport, or undefined when no caller waits for one. */
  answer(body: string): Reply | undefined {
    const queue = this.delivery.replyTo
    if (queue === undefined || this.#replied || this.#callerIsGone) return undefined
    return { queue, body, headers: traceHeaders() }
  }

  /** Aborts the handler's signal because the caller cancelled; no reply is sent. */
  cancel(): void {
    this.#callerIsGone = true
    this.abort(new BusError('Cancelled', `the caller cancelled ${this.routingKey}`))
  }

  /** Aborts the handler's signal. */
  abort(reason: BusError): void {
    this.#ended ??= reason
    this.#controller?.abort(this.#ended)
  }

  expire(): void {
    this.abort(new BusError('Timeout', `the time limit of ${this.routingKey} has passed`))
  }

  /** Removes the deadline after the handler has ended. */
  release(): void {
    if (this.#controller) this.#deps.deadlines.delete(this)
  }
}

interface MessageDeps {
  readonly deadlines: Deadlines
  readonly send: (reply: Reply) => Promise<void>
}
