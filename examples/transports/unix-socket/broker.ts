/** A small broker: queues, bindings and the connected transports, all in memory. */
import {
  matcher,
  type DeadLetterStats,
  type DeadMessage,
  type OutgoingMessage,
  type QueueDeclaration,
} from '@commissaire/bus'
import { Queue, received, type StoredMessage } from './queue.ts'
import type { BrokerEvent } from './wire.ts'

interface Binding {
  readonly exchange: string
  readonly key: string
  readonly queue: string
}

/** How many dead letters of a queue are kept. */
const maxDeadLetters = 10_000

/** A connected transport, as the broker sees it. */
export interface Member {
  readonly exchange: string
  readonly replyQueue: string
  hasConsumed(queue: string): boolean
  unsettled(queue: string): number
  send(event: BrokerEvent): void
}

/** Routes messages, and keeps them until they are settled. */
export class Broker {
  readonly members = new Set<Member>()
  readonly #queues = new Map<string, Queue>()
  readonly #bindings: Binding[] = []
  readonly #dropped = new Map<string, number>()

  /** Returns a queue, and creates it when it does not exist. */
  queue(name: string): Queue {
    const queue = this.#queues.get(name) ?? new Queue(name)
    this.#queues.set(name, queue)
    return queue
  }

  bind(exchange: string, { name, routingKeys }: QueueDeclaration): void {
    const isBound = (key: string): boolean =>
      this.#bindings.some((one) => one.exchange === exchange && one.key === key && one.queue === name)
    for (const key of routingKeys) if (!isBound(key)) this.#bindings.push({ exchange, key, queue: name })
  }

  /** Puts a copy on every bound queue; returns how many there are. */
  publish(exchange: string, message: OutgoingMessage): number {
    const bound = this.#bindings.filter(
      (one) => one.exchange === exchange && matcher(one.key)(message.routingKey),
    )
    const names = new Set(bound.map(({ queue }) => queue))
    for (const name of names) this.queue(name).push(message)
    return names.size
  }

  reply(replyQueue: string, body: string): void {
    for (const member of this.members)
      if (member.replyQueue === replyQueue) member.send({ event: 'reply', body })
  }

  broadcast(exchange: string, text: string): void {
    for (const member of this.members)
      if (member.exchange === exchange) member.send({ event: 'broadcast', text })
  }

  setAside(queue: string, { message, attempts, redelivered }: StoredMessage, reason: string): void {
    const dead = { reason, deadAt: new Date().toISOString() }
    const deadLetters = this.queue(`${queue}.dead`)
    deadLetters.push(message, { attempts, redelivered, dead })
    if (deadLetters.length <= maxDeadLetters) return
    deadLetters.removeFirst()
    this.#dropped.set(queue, (this.#dropped.get(queue) ?? 0) + 1)
  }

  /** Takes back a message whose connection was lost. After too many losses it becomes a dead letter. */
  recover(queue: string, lost: StoredMessage, maxAttempts: number): void {
    const stored = { ...lost, attempts: lost.attempts + 1 }
    if (stored.attempts < maxAttempts) return this.queue(queue).putBack(stored)
    const reason = `${stored.attempts} processes died while they handled it`
    this.setAside(queue, stored, reason)
    // Only a transport writes the error for the caller; any that has consumed the queue does.
    const member = [...this.members].find((one) => one.hasConsumed(queue))
    member?.send({ event: 'abandoned', message: received(queue, { ...stored, redelivered: true }), reason })
  }

  list(queue: string, limit: number): DeadMessage[] {
    return this.queue(`${queue}.dead`)
      .latest(limit)
      .map(({ id, message: { routingKey, body }, attempts, dead }) => {
        const { reason = '', deadAt = '' } = dead ?? {}
        return { id, queue, routingKey, body, attempts, reason, deadAt }
      })
  }

  replay(queue: string, id: string): boolean {
    const dead = this.queue(`${queue}.dead`).remove(id)
    if (dead) this.queue(queue).push(dead.message)
    return dead !== undefined
  }

  drop(queue: string, id: string): boolean {
    return this.queue(`${queue}.dead`).remove(id) !== undefined
  }

  /** The number of dead letters, of which at most `maxDeadLetters` are kept. */
  stats(queue: string): DeadLetterStats {
    return { ...this.queue(`${queue}.dead`).size(), dropped: this.#dropped.get(queue) ?? 0 }
  }

  /** Returns how many messages of a queue are delivered and not settled. */
  unsettled(queue: string): number {
    return [...this.members].reduce((sum, member) => sum + member.unsettled(queue), 0)
  }

  /** Names the queues with the number of their messages. */
  inventory(): string[] {
    return [...this.#queues.values()].map(({ name, length }) => `${name} ${length}`).toSorted()
  }
}
