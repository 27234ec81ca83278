/** Queues, bindings and connections of one memory broker. Everything here is synchronous; only consumers wait. */

import { randomUUID } from 'node:crypto'
import { deadLetterLimits } from '../../edge/dead-letter-limits.ts'
import { matcher, type Matcher } from '../../topic.ts'
import type { DeadLetterStats, OutgoingMessage, QueueDeclaration } from '../../transport.ts'

/** A message on a queue. */
export interface StoredMessage extends OutgoingMessage {
  readonly id: string
  readonly redelivered: boolean
  /** How many consumers received it and did not settle it. */
  readonly attempts: number
  readonly reason?: string
  readonly deadAt?: string
}

function sizeOf({ body }: StoredMessage): number {
  return Buffer.byteLength(body)
}

/** A list of messages, and the consumers that wait for new ones. */
export class MemoryQueue {
  readonly #messages: StoredMessage[] = []
  readonly #waiting = new Set<() => void>()
  #bytes = 0
  #dropped = 0

  /** The number of messages, their bytes, and how many were dropped to keep the limits. */
  get stats(): DeadLetterStats {
    return { messages: this.#messages.length, bytes: this.#bytes, dropped: this.#dropped }
  }

  /** Adds a dead letter, and drops the oldest ones beyond the limits. */
  pushBounded(message: StoredMessage): void {
    this.push(message)
    const { messages, bytes } = deadLetterLimits
    while (this.#messages.length > messages || (this.#messages.length > 1 && this.#bytes > bytes)) {
      this.take()
      this.#dropped++
    }
  }

  get length(): number {
    return this.#messages.length
  }

  push(message: StoredMessage): void {
    this.#messages.push(message)
    this.#bytes += sizeOf(message)
    this.wakeNext()
  }

  /** Puts a message at the front of the queue. */
  putBack(message: StoredMessage): void {
    this.#messages.unshift(message)
    this.#bytes += sizeOf(message)
    this.wakeNext()
  }

  take(): StoredMessage | undefined {
    return this.#without(this.#messages.shift())
  }

  #without(message: StoredMessage | undefined): StoredMessage | undefined {
    if (message) this.#bytes -= sizeOf(message)
    return message
  }

  /** Returns messages without removing them, the latest first. */
  peek(limit: number): StoredMessage[] {
    return this.#messages.toReversed().slice(0, limit)
  }

  remove(id: string): StoredMessage | undefined {
    const at = this.#messages.findIndex((message) => message.id === id)
    return at < 0 ? undefined : this.#without(this.#messages.splice(at, 1)[0])
  }

  /** Calls `wake` once, when a message is available and no earlier waiter takes it. */
  wait(wake: () => void): void {
    this.#waiting.add(wake)
  }

  stopWaiting(wake: () => void): void {
    this.#waiting.delete(wake)
  }

  /** Wakes the next waiter: the one that was woken before may have stopped without taking the message. */
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

/** One broker of a `memory://name`. */
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

  /** Puts one copy on every queue that has a matching binding. */
  publish(exchange: string, message: OutgoingMessage): number {
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

  /** Delivers a reply, or drops it when its caller is no longer connected. */
  reply(queue: string, body: string): void {
    const receive = this.#replies.get(queue)
    if (receive) queueMicrotask(() => receive(body))
  }

  join(exchange: string, member: object, hear: (text: string) => void): void {
    const members = this.#members.get(exchange) ?? new Map<object, (text: string) => void>()
    this.#members.set(exchange, members.set(member, hear))
  }

  /** @returns how many members remain on all exchanges. */
  leave(exchange: string, member: object): number {
    this.#members.get(exchange)?.delete(member)
    return [...this.#members.values()].reduce((sum, members) => sum + members.size, 0)
  }

  broadcast(exchange: string, text: string): void {
    for (const hear of this.#members.get(exchange)?.values() ?? []) queueMicrotask(() => hear(text))
  }
}
