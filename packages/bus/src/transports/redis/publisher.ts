/**
 * Publishes in batches: all messages published in one turn of the event loop are sent in one script.
 *
 * Routes are cached in memory, and the script that pushes the messages first checks that the bindings are unchanged. So
 * routing is exact and takes one round trip.
 */

import { BusError } from '../../errors.ts'
import type { OutgoingMessage } from '../../transport.ts'
import { bindingSet, decodeBinding, type Binding } from './binding.ts'
import { copy, encodeMessage } from './kombu.ts'
import { publish } from './scripts.ts'
import { isReply, textsIn, type Argument, type Socket } from './socket.ts'

interface PendingPublish {
  readonly message: OutgoingMessage
  readonly shared: string
  readonly since: number
  resolve(queues: number): void
  reject(error: unknown): void
}

const maxBatch = 64
const maxRoutes = 10_000

/** How long a message waits for the connection to come back, in milliseconds. */
const publishTimeout = 10_000

/** Publishes the messages of one connection to its exchange. */
export class Publisher {
  readonly #socket: Socket
  readonly #exchange: string
  #pending: PendingPublish[] = []
  #scheduled = false
  #members: string[] = []
  #bindings: Binding[] = []
  readonly #routes = new Map<string, string[]>()
  #overdueTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(socket: Socket, exchange: string) {
    this.#socket = socket
    this.#exchange = exchange
    socket.watch({ onReady: () => this.#resume(), onLost: () => this.#pause() })
  }

  /** Resolves with the number of queues that took the message. */
  publish(message: OutgoingMessage): Promise<number> {
    const shared = encodeMessage(message, this.#exchange)
    return new Promise((resolve, reject) => {
      this.#pending.push({ message, shared, since: Date.now(), resolve, reject })
      this.#schedule()
    })
  }

  /** Rejects the messages that have not been sent. */
  close(): void {
    this.#closed = true
    clearInterval(this.#overdueTimer)
    for (const pending of this.#pending.splice(0))
      pending.reject(connectionLost('this connection to the bus is closed'))
  }

  /** A `nextTick` callback queued in a promise job runs after the pending promise jobs, so a burst of calls is one batch. */
  #schedule(): void {
    if (this.#scheduled || !this.#socket.ready) return
    this.#scheduled = true
    process.nextTick(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    while (this.#pending.length > 0 && this.#socket.ready) void this.#send(this.#pending.splice(0, maxBatch))
  }

  async #send(batch: PendingPublish[]): Promise<void> {
    try {
      const answer = await this.#socket.run(publish, [bindingSet(this.#exchange)], this.#arguments(batch))
      if (answer === 'sent') {
        for (const pending of batch) pending.resolve(this.#route(pending.message.routingKey).length)
      } else {
        this.#updateBindings(textsIn(answer))
        await this.#send(batch)
      }
    } catch (cause) {
      const error = isReply(cause) ? refused(cause) : unknownOutcome(cause)
      for (const pending of batch) pending.reject(error)
    }
  }

  #arguments(batch: readonly PendingPublish[]): Argument[] {
    const lists = new Map<string, string[]>()
    for (const { message, shared } of batch) {
      for (const queue of this.#route(message.routingKey)) {
        const texts = lists.get(queue)
        if (texts) texts.push(copy(shared))
        else lists.set(queue, [copy(shared)])
      }
    }
    const args: Argument[] = [this.#members.length, ...this.#members]
    for (const [list, texts] of lists) args.push(list, texts.length, ...texts)
    return args
  }

  #route(routingKey: string): readonly string[] {
    const known = this.#routes.get(routingKey)
    if (known) return known
    const queues = new Set<string>()
    for (const binding of this.#bindings) if (binding.matches(routingKey)) queues.add(binding.queue)
    if (this.#routes.size >= maxRoutes) this.#routes.clear()
    const route = [...queues]
    this.#routes.set(routingKey, route)
    return route
  }

  #updateBindings(members: string[]): void {
    this.#members = members
    this.#bindings = members.map(decodeBinding).filter((binding) => binding !== undefined)
    this.#routes.clear()
  }

  #pause(): void {
    if (!this.#closed) this.#overdueTimer ??= setInterval(() => this.#rejectOverdue(), 1_000)
  }

  #resume(): void {
    clearInterval(this.#overdueTimer)
    this.#overdueTimer = undefined
    if (this.#pending.length > 0) this.#schedule()
  }

  #rejectOverdue(): void {
    const now = Date.now()
    while (this.#pending[0] && now - this.#pending[0].since > publishTimeout) {
      this.#pending
        .shift()
        ?.reject(
          connectionLost(`the broker was unreachable for ${publishTimeout} ms; the message was not sent`),
        )
    }
  }
}

function connectionLost(message: string): BusError {
  return new BusError('ConnectionLost', message)
}

function refused(cause: Error): BusError {
  return new BusError('ConnectionLost', `Redis refused the message: ${cause.message}`, { cause })
}

/** Returns an error whose `outcome` tells callers that the message may have been sent. */
function unknownOutcome(cause: unknown): BusError {
  const message =
    'the connection to the broker broke while a message was being sent; it may or may not have arrived'
  return new BusError('ConnectionLost', message, { cause, data: { outcome: 'unknown' } })
}
