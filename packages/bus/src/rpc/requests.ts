/**
 * The caller's side: requests on their way, each waiting for its answer, its deadline or its caller's change of mind.
 *
 * One reply queue serves all requests of a connection; answers find their request by id.
 */

import { randomBytes } from 'node:crypto'
import type { Deadlines, Expiring } from './deadlines.ts'
import { BusError } from '../errors.ts'
import { decodeAnswer, encodeRequest, type Answer, type Params } from './json-rpc.ts'
import type { Logger } from '../logger.ts'
import { lastWord } from '../message.ts'
import { traceRequest } from './trace.ts'
import type { Headers, Transport } from '../transport.ts'

/** How long to wait for an answer, and what ends the waiting. */
export interface RequestOptions {
  /** Milliseconds; the default is the connection's `requestTimeout`. */
  timeout?: number
  signal?: AbortSignal
  /** What goes along beside the arguments; peers that do not know a header ignore it. */
  headers?: Headers
}

/** All requests of one connection that wait for an answer. */
export class Requests {
  readonly #transport: Transport
  readonly #deadlines: Deadlines
  readonly #timeout: number
  readonly #log: Logger
  readonly #pending = new Map<string, Pending>()
  readonly #prefix = `${randomBytes(9).toString('base64url')}-`
  #count = 0

  constructor(transport: Transport, options: { deadlines: Deadlines; timeout: number; log: Logger }) {
    this.#transport = transport
    this.#deadlines = options.deadlines
    this.#timeout = options.timeout
    this.#log = options.log
  }

  /** Sends a request and resolves with the result of whoever serves it. */
  send<T>(
    routingKey: string,
    params: Params,
    { timeout = this.#timeout, signal, headers: more = {} }: RequestOptions,
  ): Promise<T> {
    if (signal?.aborted) return Promise.reject(cancelled(routingKey, signal))
    const id = this.#prefix + (this.#count++).toString(36)
    const body = encodeRequest(id, lastWord(routingKey), params)
    const dueAt = Date.now() + timeout
    const headers: Record<string, string> = { ...more, deadline: String(dueAt) }
    return traceRequest(routingKey, headers, () => {
      const pending = new Pending({ id, routingKey, timeout, dueAt, signal }, this.#giveUp)
      this.#pending.set(id, pending)
      this.#deadlines.add(pending)
      this.#publish(pending, body, headers)
      // What a service returns is what its caller says it is; a typed client takes the type from the service.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return pending.answer as Promise<T>
    })
  }

  /** Hands an answer to the request it belongs to. */
  receive(body: string): void {
    const answer = this.#read(body)
    if (!answer) return
    const waiting = this.#pending.get(String(answer.id))
    const pending = waiting && this.#end(waiting)
    if (!pending) this.#log.debug({ id: answer.id }, 'an answer came for a request that waits no more')
    else if ('error' in answer) pending.reject(answer.error)
    else pending.resolve(answer.result)
  }

  /** Ends all waiting. */
  rejectAll(reason: string): void {
    for (const pending of this.#pending.values()) {
      this.#end(pending)?.reject(
        new BusError('ConnectionLost', `${pending.routingKey}: ${reason}`, { data: pending.facts }),
      )
    }
  }

  /** A failed publish whose outcome is unknown leaves the request waiting: its answer may yet come. */
  #publish(pending: Pending, body: string, headers: Headers): void {
    const { routingKey } = pending
    const message = {
      routingKey,
      body,
      headers,
      contentType: 'application/json',
      replyTo: this.#transport.replyQueue,
    }
    this.#transport.publish(message).then(
      (queues) => {
        if (queues === 0) this.#end(pending)?.reject(nobody(routingKey))
      },
      (error: unknown) => {
        if (!mayHaveArrived(error)) this.#end(pending)?.reject(error)
      },
    )
  }

  /** Of the ways in which a request can end, the first one counts. */
  #end(pending: Pending): Pending | undefined {
    if (!this.#pending.delete(pending.id)) return undefined
    this.#deadlines.delete(pending)
    pending.forget()
    return pending
  }

  /** Tells the caller, and tells whoever works on it to stop. */
  readonly #giveUp = (pending: Pending, error: BusError): void => {
    if (!this.#end(pending)) return
    pending.reject(error)
    const { id, dueAt } = pending
    this.#transport.broadcast(encodeCancel(id, dueAt)).catch((cause: unknown) => {
      this.#log.debug({ id, cause }, 'a cancellation could not be sent')
    })
  }

  #read(body: string): Answer | undefined {
    try {
      return decodeAnswer(body)
    } catch (cause) {
      this.#log.warn({ cause }, 'dropped what came on the reply queue and is no answer')
      return undefined
    }
  }
}

interface Wish {
  readonly id: string
  readonly routingKey: string
  readonly timeout: number
  readonly dueAt: number
  readonly signal: AbortSignal | undefined
}

/** One request that waits. */
class Pending implements Expiring {
  readonly id: string
  readonly routingKey: string
  readonly dueAt: number
  readonly answer: Promise<unknown>
  readonly #timeout: number
  readonly #signal: AbortSignal | undefined
  readonly #giveUp: (pending: Pending, error: BusError) => void
  #resolve!: (result: unknown) => void
  #reject!: (error: unknown) => void

  constructor(
    { id, routingKey, timeout, dueAt, signal }: Wish,
    giveUp: (pending: Pending, error: BusError) => void,
  ) {
    this.id = id
    this.routingKey = routingKey
    this.dueAt = dueAt
    this.#timeout = timeout
    this.#signal = signal
    this.#giveUp = giveUp
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    signal?.addEventListener('abort', this)
  }

  get facts(): { routingKey: string; timeout: number } {
    return { routingKey: this.routingKey, timeout: this.#timeout }
  }

  resolve(result: unknown): void {
    this.#resolve(result)
  }

  reject(error: unknown): void {
    this.#reject(error)
  }

  expire(): void {
    const message = `${this.routingKey} was not answered within ${this.#timeout} ms`
    this.#giveUp(this, new BusError('Timeout', message, { data: this.facts }))
  }

  /** The caller's signal was aborted. */
  handleEvent(): void {
    if (this.#signal) this.#giveUp(this, cancelled(this.routingKey, this.#signal))
  }

  forget(): void {
    this.#signal?.removeEventListener('abort', this)
  }
}

function mayHaveArrived(error: unknown): boolean {
  return error instanceof BusError && error.data['outcome'] === 'unknown'
}

function cancelled(routingKey: string, signal: AbortSignal): BusError {
  const data = { routingKey }
  return new BusError('Cancelled', `the caller gave up on ${routingKey}`, { data, cause: signal.reason })
}

function nobody(routingKey: string): BusError {
  const message = `nobody listens to ${routingKey}: no queue is bound to it; is the service running?`
  return new BusError('NobodyListens', message, { data: { routingKey } })
}

/** What a caller that gives up says to all: the id of its request, and until when to remember it. */
export function encodeCancel(id: string, until: number): string {
  return JSON.stringify({ cancel: id, until })
}

/** Reads a cancellation; undefined where the text is anything else. */
export function decodeCancel(text: string): { id: string; until: number } | undefined {
  try {
    const { cancel, until }: Record<string, unknown> = JSON.parse(text)
    return typeof cancel === 'string' && typeof until === 'number' ? { id: cancel, until } : undefined
  } catch {
    return undefined
  }
}
