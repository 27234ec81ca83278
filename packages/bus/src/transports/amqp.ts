/**
 * RabbitMQ, on the wire of kombu: existing Python peers call and serve, unchanged.
 *
 * One connection, and on it a channel for each purpose: sending, answers, what is said to all, and each served queue.
 * All queues that Python peers know are declared exactly as they do it; what we need beyond that is in queues beside them.
 */

import { randomUUID } from 'node:crypto'
import { BusError } from '../errors.ts'
import type {
  Consumer,
  ConsumeOptions,
  DeadMessages,
  Outgoing,
  QueueDeclaration,
  Reply,
  Transport,
  TransportOptions,
} from '../transport.ts'
import { addressOf } from './amqp/address.ts'
import { AmqpConsumer } from './amqp/consumer.ts'
import { AmqpDead } from './amqp/dead-letters.ts'
import type { Lane } from './amqp/channel.ts'
import { Link } from './amqp/connection.ts'
import { Publisher } from './amqp/publisher.ts'
import { closeReplies, openNews, openReplies } from './amqp/replies.ts'

/** Connects to RabbitMQ 3.8 or later. */
export async function open(url: URL, options: TransportOptions): Promise<Transport> {
  const link = await Link.connect(addressOf(url), options)
  try {
    return new AmqpTransport(await openLanes(link, options), options)
  } catch (error) {
    await link.close()
    throw error
  }
}

interface Lanes {
  readonly link: Link
  readonly replyQueue: string
  readonly publisher: Publisher
  readonly replies: Lane
  readonly news: Lane
}

async function openLanes(link: Link, options: TransportOptions): Promise<Lanes> {
  const replyQueue = `response-${randomUUID()}`
  const publisher = await Publisher.open(link, options.exchange, options.log)
  const news = await openNews({ link, options })
  const replies = await openReplies(replyQueue, { link, options })
  return { link, replyQueue, publisher, replies, news }
}

class AmqpTransport implements Transport {
  readonly replyQueue: string
  readonly dead: DeadMessages
  readonly #lanes: Lanes
  readonly #options: TransportOptions
  readonly #consumers = new Set<AmqpConsumer>()
  #closing: Promise<void> | undefined

  constructor(lanes: Lanes, options: TransportOptions) {
    const { link, publisher, replies, news } = lanes
    this.#lanes = lanes
    this.#options = options
    this.replyQueue = lanes.replyQueue
    this.dead = new AmqpDead(link, publisher)
    link.onLost((cause) => options.onState('disconnected', cause))
    news.onReady(() => options.onMissed?.())
    for (const lane of [publisher.lane, replies, news]) lane.onReady(() => this.#comeBack())
  }

  publish(message: Outgoing): Promise<number | undefined> {
    return this.#closing ? Promise.reject(closed()) : this.#lanes.publisher.publish(message)
  }

  async reply(reply: Reply): Promise<void> {
    if (this.#closing) throw closed()
    await this.#lanes.publisher.reply(reply)
  }

  async consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer> {
    if (this.#closing) throw closed()
    const { link, publisher } = this.#lanes
    const consumer = await AmqpConsumer.start(queue, options, { link, publisher, options: this.#options })
    this.#consumers.add(consumer)
    return consumer
  }

  async broadcast(text: string): Promise<void> {
    const { news, publisher } = this.#lanes
    // While we listen, the exchange is there.
    if (!news.channel) throw new BusError('ConnectionLost', 'the broker is away; nobody was told')
    await publisher.broadcast(text)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #comeBack(): void {
    const { publisher, replies, news } = this.#lanes
    if ([publisher.lane, replies, news].every((lane) => lane.channel)) this.#options.onState('connected')
  }

  async #close(): Promise<void> {
    const { link, publisher, replies, news, replyQueue } = this.#lanes
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    await Promise.all([closeReplies(replies, replyQueue), news.close(), publisher.close()])
    await link.close()
  }
}

function closed(): BusError {
  return new BusError('ConnectionLost', 'this connection to the bus is closed')
}
