/**
 * Publishes in batches: whatever is published in one turn of the event loop goes out in one script.
 *
 * Routes are kept in memory, and the script that pushes the messages checks that they are still right; so publishing is
 * exact and yet one round trip.
 */

import { BusError } from '../../errors.ts'
import type { Outgoing } from '../../transport.ts'
import { bindingSet, decodeBinding, type Binding } from './binding.ts'
import { copy, encodeMessage } from './kombu.ts'
import { publish } from './scripts.ts'
import { isReply, textsIn, type Argument, type Socket } from './socket.ts'

interface Letter {
  readonly message: Outgoing
  readonly shared: string
  readonly since: number
  resolve(queues: number): void
  reject(error: unknown): void
}

const largestBatch = 64
const mostRoutes = 10_000

/** How long a message waits for a broker that is away, in milliseconds. */
const patience = 10_000

/** All that one connection publishes to its exchange. */
export class Publisher {
  readonly #socket: Socket
  readonly #exchange: string
  #letters: Letter[] = []
  #scheduled = false
  #members: string[] = []
  #bindings: Binding[] = []
  readonly #routes = new Map<string, string[]>()
  #clock: NodeJS.Timeout | undefined
  #closed = false

  constructor(socket: Socket, exchange: string) {
    this.#socket = socket
    this.#exchange = exchange
    socket.watch({ onReady: () => this.#resume(), onLost: () => this.#pause() })
  }

  /** Resolves with the number of queues that took the message. */
  publish(message: Outgoing): Promise<number> {
    const shared = encodeMessage(message, this.#exchange)
    return new Promise((resolve, reject) => {
      this.#letters.push({ message, shared, since: Date.now(), resolve, reject })
      this.#schedule()
    })
  }

  /** Rejects what has not been sent. */
  close(): void {
    this.#closed = true
    clearInterval(this.#clock)
    for (const letter of this.#letters.splice(0)) letter.reject(lost('this connection to the bus is closed'))
  }

  /** A callback of `nextTick` runs after all promises that are due, so a burst of calls is one batch. */
  #schedule(): void {
    if (this.#scheduled || !this.#socket.ready) return
    this.#scheduled = true
    process.nextTick(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    while (this.#letters.length > 0 && this.#socket.ready)
      void this.#send(this.#letters.splice(0, largestBatch))
  }

  async #send(letters: Letter[]): Promise<void> {
    try {
      const answer = await this.#socket.run(publish, [bindingSet(this.#exchange)], this.#arguments(letters))
      if (answer === 'sent') {
        for (const letter of letters) letter.resolve(this.#route(letter.message.routingKey).length)
      } else {
        this.#learn(textsIn(answer))
        await this.#send(letters)
      }
    } catch (cause) {
      const error = isReply(cause) ? refused(cause) : unknownOutcome(cause)
      for (const letter of letters) letter.reject(error)
    }
  }

  #arguments(letters: readonly Letter[]): Argument[] {
    const lists = new Map<string, string[]>()
    for (const { message, shared } of letters) {
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
    if (this.#routes.size >= mostRoutes) this.#routes.clear()
    const route = [...queues]
    this.#routes.set(routingKey, route)
    return route
  }

  #learn(members: string[]): void {
    this.#members = members
    this.#bindings = members.map(decodeBinding).filter((binding) => binding !== undefined)
    this.#routes.clear()
  }

  #pause(): void {
    if (!this.#closed) this.#clock ??= setInterval(() => this.#loseHeart(), 1_000)
  }

  #resume(): void {
    clearInterval(this.#clock)
    this.#clock = undefined
    if (this.#letters.length > 0) this.#schedule()
  }

  #loseHeart(): void {
    const now = Date.now()
    while (this.#letters[0] && now - this.#letters[0].since > patience) {
      this.#letters
        .shift()
        ?.reject(lost(`the broker has been away for ${patience} ms; the message was not sent`))
    }
  }
}

function lost(message: string): BusError {
  return new BusError('ConnectionLost', message)
}

function refused(cause: Error): BusError {
  return new BusError('ConnectionLost', `Redis refused the message: ${cause.message}`, { cause })
}

/** `outcome` tells callers that the message may have been sent. */
function unknownOutcome(cause: unknown): BusError {
  const message =
    'the connection to the broker broke while a message was on its way; it may or may not have arrived'
  return new BusError('ConnectionLost', message, { cause, data: { outcome: 'unknown' } })
}
