/** Queues, bindings and connections of one memory broker. Everything here is synchronous; waiting is the consumers'. */

import { randomUUID } from 'node:crypto'
import { matcher, type Matcher } from '../../topic.ts'
import type { Outgoing, QueueDeclaration } from '../../transport.ts'

/** A message on a queue. */
export interface Parcel extends Outgoing {
  readonly id: string
  readonly redelivered: boolean
  /** How many consumers had it and did not settle it. */
  readonly attempts: number
  readonly reason?: string
  readonly deadAt?: string
}

/** A list of messages, and who wants to know of new ones. */
export class MemoryQueue {
  readonly #parcels: Parcel[] = []
  readonly #waiting = new Set<() => void>()

  get length(): number {
    return this.#parcels.length
  }

  push(parcel: Parcel): void {
    this.#parcels.push(parcel)
    this.wakeNext()
  }

  /** Puts a message where it is taken next. */
  putBack(parcel: Parcel): void {
    this.#parcels.unshift(parcel)
    this.wakeNext()
  }

  take(): Parcel | undefined {
    return this.#parcels.shift()
  }

  /** The latest first. */
  peek(limit: number): Parcel[] {
    return this.#parcels.toReversed().slice(0, limit)
  }

  remove(id: string): Parcel | undefined {
    const at = this.#parcels.findIndex((parcel) => parcel.id === id)
    return at < 0 ? undefined : this.#parcels.splice(at, 1)[0]
  }

  /** Calls `wake` once, when there is a message that those who asked earlier did not want. */
  wait(wake: () => void): void {
    this.#waiting.add(wake)
  }

  stopWaiting(wake: () => void): void {
    this.#waiting.delete(wake)
  }

  /** Passes the news on: whoever was told of a message may have stopped before taking it. */
  wakeNext(): void {
    const [first] = this.#waiting
    if (!first) return
    this.#waiting.delete(first)
    queueMicrotask(first)
  }
}

interface Binding {
  readonly key: string
  readonly queue: string
  readonly matches: Matcher
}

/** One broker: what `memory://name` names. */
export class MemoryBroker {
  readonly #queues = new Map<string, MemoryQueue>()
  readonly #bindings = new Map<string, Binding[]>()
  readonly #replies = new Map<string, (body: string) => void>()
  readonly #members = new Map<string, Map<object, (text: string) => void>>()

  queue(name: string): MemoryQueue {
    const found = this.#queues.get(name)
    if (found) return found
    const made = new MemoryQueue()
    this.#queues.set(name, made)
    return made
  }

  bind(exchange: string, { name, routingKeys }: QueueDeclaration): void {
    const bindings = this.#bindings.get(exchange) ?? []
    this.#bindings.set(exchange, bindings)
    for (const key of routingKeys) {
      if (bindings.some((binding) => binding.key === key && binding.queue === name)) continue
      bindings.push({ key, queue: name, matches: matcher(key) })
    }
  }

  /** Puts a copy on every queue that wants it, each once. */
  publish(exchange: string, message: Outgoing): number {
    const queues = new Set<string>()
    for (const binding of this.#bindings.get(exchange) ?? []) {
      if (binding.matches(message.routingKey)) queues.add(binding.queue)
    }
    for (const queue of queues)
      this.queue(queue).push({ ...message, id: randomUUID(), redelivered: false, attempts: 0 })
    return queues.size
  }

  awaitReplies(queue: string, receive: (body: string) => void): void {
    this.#replies.set(queue, receive)
  }

  forgetReplies(queue: string): void {
    this.#replies.delete(queue)
  }

  /** An answer to somebody who is gone is nobody's. */
  reply(queue: string, body: string): void {
    const receive = this.#replies.get(queue)
    if (receive) queueMicrotask(() => receive(body))
  }

  join(exchange: string, member: object, hear: (text: string) => void): void {
    const members = this.#members.get(exchange) ?? new Map<object, (text: string) => void>()
    this.#members.set(exchange, members.set(member, hear))
  }

  /** @returns how many are still there. */
  leave(exchange: string, member: object): number {
    this.#members.get(exchange)?.delete(member)
    return [...this.#members.values()].reduce((sum, members) => sum + members.size, 0)
  }

  broadcast(exchange: string, text: string): void {
    for (const hear of this.#members.get(exchange)?.values() ?? []) queueMicrotask(() => hear(text))
  }
}
