/**
 * The caller's side: each pending request ends by its answer, its deadline or its cancellation.
 *
 * All requests of a connection share one reply queue; an answer is matched to its request by id.
 */

import { randomBytes } from 'node:crypto'
import type { Deadlines, Expiring } from './deadlines.ts'
import { BusError } from '../errors.ts'
import { decodeAnswer, encodeRequest, type Answer, type Params } from './json-rpc.ts'
import type { Logger } from '../logger.ts'
import { lastWord } from '../message.ts'
import { traceRequest } from './trace.ts'
import type { Headers, Transport } from '../transport.ts'

/** How long a request waits for its answer, and what cancels it. */
export interface RequestOptions {
  /** Milliseconds; the default is the connection's `requestTimeout`. */
  timeout?: number
  signal?: AbortSignal
  /** Headers to send with the request; peers ignore the ones they do not know. */
  headers?: Headers
}

/** The pending requests of one connection. */
export class Requests {
  readonly #transport: Transport
  readonly #deadlines: Deadlines
  readonly #timeout: number
  readonly #log: Logger
  readonly #pending = new Map<string, PendingRequest>()
  readonly #prefix = `${randomBytes(9).toString('base64url')}-`
  #count = 0

  constructor(transport: Transport, options: { deadlines: Deadlines; timeout: number; log: Logger }) {
    this.#transport = transport
    this.#deadlines = options.deadlines
    this.#timeout = options.timeout
    this.#log = options.log
  }

  /** Sends a request and resolves with its result. */
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
      const pending = new PendingRequest({ id, routingKey, timeout, dueAt, signal }, this.#cancel)
      this.#pending.set(id, pending)
      this.#deadlines.add(pending)
      this.#publish(pending, body, headers)
      // The caller states the type of the result; a typed client takes it from the class of the service.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return pending.answer as Promise<T>
    })
  }

  /** Resolves or rejects the request that an answer belongs to. */
  receive(body: string): void {
    const answer = this.#read(body)
    if (!answer) return
    const waiting = this.#pending.get(String(answer.id))
    const pending = waiting && this.#settle(waiting)
    if (!pending) this.#log.debug({ id: answer.id }, 'ignored the answer to a request that is not pending')
    else if ('error' in answer) pending.reject(answer.error)
    else pending.resolve(answer.result)
  }

  /** Rejects all pending requests. */
  rejectAll(reason: string): void {
    for (const pending of this.#pending.values()) {
      this.#settle(pending)?.reject(
        new BusError('ConnectionLost', `${pending.routingKey}: ${reason}`, { data: pending.facts }),
      )
    }
  }

  /** When it is unknown whether the broker has the message, the request stays pending: its answer may still arrive. */
  #publish(pending: PendingRequest, body: string, headers: Headers): void {
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
        if (queues === 0) this.#settle(pending)?.reject(nobodyListens(routingKey))
      },
      (error: unknown) => {
        if (!mayHaveArrived(error)) this.#settle(pending)?.reject(error)
      },
    )
  }

  /** Ends a request once; returns undefined when it has already ended. */
  #settle(pending: PendingRequest): PendingRequest | undefined {
    if (!this.#pending.delete(pending.id)) return undefined
    this.#deadlines.delete(pending)
    pending.removeListener()
    return pending
  }

  /** Rejects the request, and tells the service that handles it to stop. */
  readonly #cancel = (pending: PendingRequest, error: BusError): void => {
    if (!this.#settle(pending)) return
    pending.reject(error)
    const { id, dueAt } = pending
    this.#transport.broadcast(encodeCancel(id, dueAt)).catch((cause: unknown) => {
      this.#log.debug({ id, cause }, 'could not send a cancellation')
    })
  }

  #read(body: string): Answer | undefined {
    try {
      return decodeAnswer(body)
    } catch (cause) {
      this.#log.warn({ cause }, 'dropped a message on the reply queue that is not an answer')
      return undefined
    }
  }
}

interface RequestDetails {
  readonly id: string
  readonly routingKey: string
  readonly timeout: number
  readonly dueAt: number
  readonly signal: AbortSignal | undefined
}

/** A request that waits for its answer. */
class PendingRequest implements Expiring {
  readonly id: string
  readonly routingKey: string
  readonly dueAt: number
  readonly answer: Promise<unknown>
  readonly #timeout: number
  readonly #signal: AbortSignal | undefined
  readonly #cancel: (pending: PendingRequest, error: BusError) => void
  #resolve!: (result: unknown) => void
  #reject!: (error: unknown) => void

  constructor(
    { id, routingKey, timeout, dueAt, signal }: RequestDetails,
    cancel: (pending: PendingRequest, error: BusError) => void,
  ) {
    this.id = id
    this.routingKey = routingKey
    this.dueAt = dueAt
    this.#timeout = timeout
    this.#signal = signal
    this.#cancel = cancel
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
    this.#cancel(this, new BusError('Timeout', message, { data: this.facts }))
  }

  /** Called by the caller's signal when it is aborted. */
  handleEvent(): void {
    if (this.#signal) this.#cancel(this, cancelled(this.routingKey, this.#signal))
  }

  removeListener(): void {
    this.#signal?.removeEventListener('abort', this)
  }
}

function mayHaveArrived(error: unknown): boolean {
  return error instanceof BusError && error.data['outcome'] === 'unknown'
}

function cancelled(routingKey: string, signal: AbortSignal): BusError {
  const data = { routingKey }
  return new BusError('Cancelled', `the caller cancelled ${routingKey}`, { data, cause: signal.reason })
}

function nobodyListens(routingKey: string): BusError {
  const message = `no queue is bound to ${routingKey}; is the service running?`
  return new BusError('NobodyListens', message, { data: { routingKey } })
}

/** Writes the broadcast that cancels a request: its id, and how long services remember it. */
export function encodeCancel(id: string, until: number): string {
  return JSON.stringify({ cancel: id, until })
}

/** Reads a cancellation; returns undefined for any other text. */
export function decodeCancel(text: string): { id: string; until: number } | undefined {
  try {
    const { cancel, until }: Record<string, unknown> = JSON.parse(text)
    return typeof cancel === 'string' && typeof until === 'number' ? { id: cancel, until } : undefined
  } catch {
    return undefined
  }
}
