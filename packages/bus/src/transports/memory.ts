/**
 * A broker within one process: the same behaviour as the others, without anything to install.
 *
 * `memory://name` is one broker for all who say that name, for as long as one of them is connected. Bodies travel as
 * text, so nothing that was sent can be changed by who receives it.
 */

import { randomUUID } from 'node:crypto'
import { BusError } from '../errors.ts'
import type {
  Consumer,
  ConsumeOptions,
  DeadMessage,
  DeadMessages,
  Outgoing,
  QueueDeclaration,
  Reply,
  Transport,
  TransportOptions,
} from '../transport.ts'
import { MemoryBroker, type Parcel } from './memory/broker.ts'
import { MemoryConsumer } from './memory/consumer.ts'

const brokers = new Map<string, MemoryBroker>()

/** Joins the broker of that name, and makes it where it is not. */
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
  readonly #forget: () => void
  readonly #consumers = new Set<MemoryConsumer>()
  #closed = false

  constructor(broker: MemoryBroker, options: TransportOptions, forget: () => void) {
    this.#broker = broker
    this.#options = options
    this.#forget = forget
    this.dead = deadOf(broker)
    broker.join(options.exchange, this, options.onBroadcast)
    broker.awaitReplies(this.replyQueue, options.onReply)
  }

  async publish(message: Outgoing): Promise<number> {
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
    if (this.#broker.leave(this.#options.exchange, this) === 0) this.#forget()
  }

  #check(): void {
    if (this.#closed) throw new BusError('ConnectionLost', 'this connection to the bus is closed')
  }
}

function deadOf(broker: MemoryBroker): DeadMessages {
  const take = (queue: string, id: string): Parcel | undefined => broker.queue(`${queue}.dead`).remove(id)
  return {
    list: async (queue, limit) =>
      broker
        .queue(`${queue}.dead`)
        .peek(limit)
        .map((parcel) => describe(queue, parcel)),
    replay: async (queue, id) => {
      const parcel = take(queue, id)
      if (parcel) broker.queue(queue).push({ ...parcel, id: randomUUID(), attempts: 0, redelivered: false })
      return parcel !== undefined
    },
    drop: async (queue, id) => take(queue, id) !== undefined,
  }
}

function describe(queue: string, parcel: Parcel): DeadMessage {
  const { id, routingKey, body, attempts, reason = '', deadAt = '' } = parcel
  return { id, queue, routingKey, body, reason, deadAt, attempts }
}
