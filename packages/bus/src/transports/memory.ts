/**
 * A broker within one process: the same behaviour as the other transports, without anything to install.
 *
 * All connections to `memory://name` in a process share one broker, which exists until the last of them closes. Bodies
 * are sent as text, so a receiver cannot change the sender's objects.
 */

import { randomUUID } from 'node:crypto'
import { BusError } from '../errors.ts'
import type {
  Consumer,
  ConsumeOptions,
  DeadMessage,
  DeadMessages,
  OutgoingMessage,
  QueueDeclaration,
  Reply,
  Transport,
  TransportOptions,
} from '../transport.ts'
import { MemoryBroker, type StoredMessage } from './memory/broker.ts'
import { MemoryConsumer } from './memory/consumer.ts'

const brokers = new Map<string, MemoryBroker>()

/** Connects to the broker of that name, and creates it when it does not exist. */
export async function open(url: URL, options: TransportOptions): Promise<Transport> {
  const name = url.host + url.pathname
  const broker = brokers.get(name) ?? new MemoryBroker()
  brokers.set(name, broker)
  return new MemoryTransport(broker, options, () => brokers.delete(name))
}

class MemoryTransport implements Transport {
  readonly replyQueue = `response-${randomUUID()}`
  readonly dead: DeadMessages
  readonly #broker: MemoryBroker
  readonly #options: TransportOptions
  readonly #onEmpty: () => void
  readonly #consumers = new Set<MemoryConsumer>()
  #closed = false

  constructor(broker: MemoryBroker, options: TransportOptions, onEmpty: () => void) {
    this.#broker = broker
    this.#options = options
    this.#onEmpty = onEmpty
    this.dead = deadOf(broker)
    broker.join(options.exchange, this, options.onBroadcast)
    broker.awaitReplies(this.replyQueue, options.onReply)
  }

  async publish(message: OutgoingMessage): Promise<number> {
    this.#check()
    return this.#broker.publish(this.#options.exchange, message)
  }

  async reply({ queue, body }: Reply): Promise<void> {
    this.#check()
    this.#broker.reply(queue, body)
  }

  async consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer> {
    this.#check()
    this.#broker.bind(this.#options.exchange, queue)
    const consumer = new MemoryConsumer(this.#broker, queue.name, options)
    this.#consumers.add(consumer)
    return consumer
  }

  async broadcast(text: string): Promise<void> {
    this.#broker.broadcast(this.#options.exchange, text)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    this.#broker.forgetReplies(this.replyQueue)
    if (this.#broker.leave(this.#options.exchange, this) === 0) this.#onEmpty()
  }

  #check(): void {
    if (this.#closed) throw new BusError('ConnectionLost', 'this connection to the bus is closed')
  }
}

function deadOf(broker: MemoryBroker): DeadMessages {
  const take = (queue: string, id: string): StoredMessage | undefined =>
    broker.queue(`${queue}.dead`).remove(id)
  return {
    list: async (queue, limit) =>
      broker
        .queue(`${queue}.dead`)
        .peek(limit)
        .map((message) => describe(queue, message)),
    replay: async (queue, id) => {
      const message = take(queue, id)
      if (message) broker.queue(queue).push({ ...message, id: randomUUID(), attempts: 0, redelivered: false })
      return message !== undefined
    },
    drop: async (queue, id) => take(queue, id) !== undefined,
    stats: async (queue) => broker.queue(`${queue}.dead`).stats,
  }
}

function describe(queue: string, message: StoredMessage): DeadMessage {
  const { id, routingKey, body, attempts, reason = '', deadAt = '' } = message
  return { id, queue, routingKey, body, reason, deadAt, attempts }
}
