/** A queue of the broker: its messages, and the consumers that share them. */
import { randomUUID } from 'node:crypto'
import type { OutgoingMessage, ReceivedMessage } from '@commissaire/bus'

/** A message on a queue. */
export interface StoredMessage {
  readonly id: string
  readonly message: OutgoingMessage
  /** How many connections were lost while they held it. */
  readonly attempts: number
  readonly redelivered: boolean
  /** Why and when it was set aside. */
  readonly dead?: { readonly reason: string; readonly deadAt: string }
}

/** A consumer of a queue. */
export interface Subscription {
  /** How many more messages it takes. */
  room(): number
  deliver(stored: StoredMessage): void
}

/** Messages in order, and the consumers that wait for them. */
export class Queue {
  readonly name: string
  #messages: StoredMessage[] = []
  #subscriptions: Subscription[] = []

  constructor(name: string) {
    this.name = name
  }

  get length(): number {
    return this.#messages.length
  }

  /** Adds a new message at the end. */
  push(message: OutgoingMessage, facts: Partial<StoredMessage> = {}): void {
    this.#messages.push({ id: randomUUID(), message, attempts: 0, redelivered: false, ...facts })
    this.dispatch()
  }

  /** Puts a message back at the front, marked as redelivered. */
  putBack(stored: StoredMessage): void {
    this.#messages.unshift({ ...stored, redelivered: true })
    this.dispatch()
  }

  /** Returns messages, the latest first. */
  latest(limit: number): StoredMessage[] {
    return this.#messages.toReversed().slice(0, Math.max(0, limit))
  }

  /** Returns the number of messages and the bytes of their bodies. */
  size(): { messages: number; bytes: number } {
    const bytes = this.#messages.reduce((sum, { message }) => sum + Buffer.byteLength(message.body), 0)
    return { messages: this.length, bytes }
  }

  remove(id: string): StoredMessage | undefined {
    const found = this.#messages.find((stored) => stored.id === id)
    this.#messages = this.#messages.filter((stored) => stored !== found)
    return found
  }

  /** Removes the oldest message. */
  removeFirst(): void {
    this.#messages.shift()
  }

  subscribe(subscription: Subscription): void {
    this.#subscriptions.push(subscription)
    this.dispatch()
  }

  unsubscribe(subscription: Subscription): void {
    this.#subscriptions = this.#subscriptions.filter((one) => one !== subscription)
  }

  /** Delivers messages to the consumers in turn, as long as one of them has room. */
  dispatch(): void {
    for (;;) {
      const at = this.#subscriptions.findIndex((one) => one.room() > 0)
      const subscription = this.#subscriptions[at]
      const stored = subscription && this.#messages.shift()
      if (!subscription || !stored) return
      this.#subscriptions = [...this.#subscriptions.toSpliced(at, 1), subscription]
      subscription.deliver(stored)
    }
  }
}

/** Returns a stored message as a consumer receives it. */
export function received(queue: string, { message, redelivered }: StoredMessage): ReceivedMessage {
  const { routingKey, body, contentType, headers, replyTo } = message
  return { queue, routingKey, body, contentType, headers, replyTo, redelivered }
}
