/**
 * The caller's side: requests on their way, each waiting for its answer, its deadline or its caller's change of mind.
 *
 * One reply queue serves all requests of a connection; answers find their request by id.
 */

import { randomBytes } from 'node:crypto'
import type { Deadlines, Expiring } from './deadlines.ts'
import { BusError } from './errors.ts'
import { decodeAnswer, encodeRequest, type Answer, type Params } from './json-rpc.ts'
import type { Logger } from './logger.ts'
import { lastWord } from './message.ts'
import { traceRequest } from './trace.ts'
import type { Transport } from './transport.ts'

/** How long to wait for an answer, and what ends the waiting. */
export interface RequestOptions {
  /** Milliseconds; the default is the connection's `requestTimeout`. */
  timeout?: number
  signal?: AbortSignal
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
    { timeout = this.#timeout, signal }: RequestOptions,
  ): Promise<T> {
    if (signal?.aborted) return Promise.reject(cancelled(routingKey, signal))
    const id = this.#prefix + (this.#count++).toString(36)
    const body = encodeRequest(id, lastWord(routingKey), params)
    const deadline = Date.now() + timeout
    const headers: Record<string, string> = { deadline: String(deadline) }
    return traceRequest(routingKey, headers, () => {
      const answer = this.#wait(id, { routingKey, timeout, deadline, signal }) as Promise<T>
      this.#publish(id, { routingKey, body, headers })
      return answer
    })
  }

  /** Hands an answer to the request it belongs to. */
  receive(body: string): void {
    const answer = this.#read(body)
    if (!answer) return
    const pending = this.#take(answer.id)
    if (!pending) this.#log.debug({ id: answer.id }, 'an answer came for a request that waits no more')
    else if ('error' in answer) pending.reject(answer.error)
    else pending.resolve(answer.result)
  }

  /** Ends all waiting. */
  rejectAll(reason: string): void {
    for (const id of this.#pending.keys()) {
      const pending = this.#take(id)
      pending?.reject(
        new BusError('ConnectionLost', `${pending.routingKey}: ${reason}`, { data: pending.facts }),
      )
    }
  }

  #wait(id: string, wish: Wish): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pending = new Pending(wish, { resolve, reject, giveUp: (error) => this.#giveUp(id, error) })
      this.#pending.set(id, pending)
      this.#deadlines.add(pending)
    })
  }

  /** A failed publish whose outcome is unknown leaves the request waiting: its answer may yet come. */
  #publish(id: string, message: { routingKey: string; body: string; headers: Record<string, string> }): void {
    const contentType = 'application/json'
    this.#transport.publish({ ...message, contentType, replyTo: this.#transport.replyQueue }).then(
      (queues) => queues === 0 && this.#take(id)?.reject(nobody(message.routingKey)),
      (error: unknown) => this.#take(id)?.reject(error),
    )
  }

  #take(id: unknown): Pending | undefined {
    const pending = this.#pending.get(id as string)
    if (!pending) return undefined
    this.#pending.delete(id as string)
    this.#deadlines.delete(pending)
    pending.forget()
    return pending
  }

  /** Tells the caller, and tells whoever works on it to stop. */
  #giveUp(id: string, error: BusError): void {
    const pending = this.#take(id)
    if (!pending) return
    pending.reject(error)
    this.#transport.broadcast(encodeCancel(id, pending.dueAt)).catch((cause: unknown) => {
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
  readonly routingKey: string
  readonly timeout: number
  readonly deadline: number
  readonly signal: AbortSignal | undefined
}

interface Outcome {
  resolve(result: unknown): void
  reject(error: unknown): void
  giveUp(error: BusError): void
}

class Pending implements Expiring {
  readonly routingKey: string
  readonly dueAt: number
  readonly resolve: Outcome['resolve']
  readonly reject: Outcome['reject']
  readonly #giveUp: Outcome['giveUp']
  readonly #timeout: number
  readonly #signal: AbortSignal | undefined

  constructor(wish: Wish, outcome: Outcome) {
    this.routingKey = wish.routingKey
    this.dueAt = wish.deadline
    this.resolve = outcome.resolve
    this.reject = outcome.reject
    this.#giveUp = outcome.giveUp
    this.#timeout = wish.timeout
    this.#signal = wish.signal
    this.#signal?.addEventListener('abort', this.#abort)
  }

  get facts(): { routingKey: string; timeout: number } {
    return { routingKey: this.routingKey, timeout: this.#timeout }
  }

  expire(): void {
    const message = `${this.routingKey} was not answered within ${this.#timeout} ms`
    this.#giveUp(new BusError('Timeout', message, { data: this.facts }))
  }

  forget(): void {
    this.#signal?.removeEventListener('abort', this.#abort)
  }

  readonly #abort = (): void => {
    if (this.#signal) this.#giveUp(cancelled(this.routingKey, this.#signal))
  }
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
    const { cancel, until } = JSON.parse(text) as { cancel?: unknown; until?: unknown }
    return typeof cancel === 'string' && typeof until === 'number' ? { id: cancel, until } : undefined
  } catch {
    return undefined
  }
}
