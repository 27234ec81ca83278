/**
 * RabbitMQ, on the wire of kombu: existing Python peers call and serve, unchanged.
 *
 * One connection with a channel for each purpose: publishing, replies, broadcasts, and each served queue. Queues that
 * Python peers use are declared exactly as they declare them; retries and dead letters are in separate queues.
 */

import { randomUUID } from 'node:crypto'
import { BusError } from '../errors.ts'
import type {
  Consumer,
  ConsumeOptions,
  DeadMessages,
  OutgoingMessage,
  QueueDeclaration,
  Reply,
  Transport,
  TransportOptions,
} from '../transport.ts'
import { addressOf } from './amqp/address.ts'
import { AmqpConsumer } from './amqp/consumer.ts'
import { AmqpDeadMessages } from './amqp/dead-letters.ts'
import type { ReopeningChannel } from './amqp/channel.ts'
import { AmqpConnection } from './amqp/connection.ts'
import { Publisher } from './amqp/publisher.ts'
import { closeReplies, openBroadcasts, openReplies } from './amqp/replies.ts'

/** Connects to RabbitMQ 3.8 or later. */
export async function open(url: URL, options: TransportOptions): Promise<Transport> {
  const connection = await AmqpConnection.connect(addressOf(url), options)
  try {
    return new AmqpTransport(await openChannels(connection, options), options)
  } catch (error) {
    await connection.close()
    throw error
  }
}

interface Channels {
  readonly connection: AmqpConnection
  readonly replyQueue: string
  readonly publisher: Publisher
  readonly replies: ReopeningChannel
  readonly broadcasts: ReopeningChannel
}

async function openChannels(connection: AmqpConnection, options: TransportOptions): Promise<Channels> {
  const replyQueue = `response-${randomUUID()}`
  const publisher = await Publisher.open(connection, options.exchange, options.log)
  const broadcasts = await openBroadcasts({ connection, options })
  const replies = await openReplies(replyQueue, { connection, options })
  return { connection, replyQueue, publisher, replies, broadcasts }
}

class AmqpTransport implements Transport {
  readonly replyQueue: string
  readonly dead: DeadMessages
  readonly #channels: Channels
  readonly #options: TransportOptions
  readonly #consumers = new Set<AmqpConsumer>()
  #closing: Promise<void> | undefined

  constructor(channels: Channels, options: TransportOptions) {
    const { connection, publisher, replies, broadcasts } = channels
    this.#channels = channels
    this.#options = options
    this.replyQueue = channels.replyQueue
    this.dead = new AmqpDeadMessages(connection, publisher)
    connection.onLost((cause) => options.onState('disconnected', cause))
    broadcasts.onReady(() => options.onMissed?.())
    for (const channel of [publisher.channel, replies, broadcasts]) channel.onReady(() => this.#reconnected())
  }

  publish(message: OutgoingMessage): Promise<number | undefined> {
    return this.#closing ? Promise.reject(closed()) : this.#channels.publisher.publish(message)
  }

  async reply(reply: Reply): Promise<void> {
    if (this.#closing) throw closed()
    await this.#channels.publisher.reply(reply)
  }

  async consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer> {
    if (this.#closing) throw closed()
    const { connection, publisher } = this.#channels
    const consumer = await AmqpConsumer.start(queue, options, {
      connection,
      publisher,
      options: this.#options,
    })
    this.#consumers.add(consumer)
    return consumer
  }

  async broadcast(text: string): Promise<void> {
    const { broadcasts, publisher } = this.#channels
    // The exchange exists while this connection consumes from it.
    if (!broadcasts.current)
      throw new BusError('ConnectionLost', 'the broker is unreachable; the broadcast was not sent')
    await publisher.broadcast(text)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #reconnected(): void {
    const { publisher, replies, broadcasts } = this.#channels
    if ([publisher.channel, replies, broadcasts].every((channel) => channel.current))
      this.#options.onState('connected')
  }

  async #close(): Promise<void> {
    const { connection, publisher, replies, broadcasts, replyQueue } = this.#channels
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    const { log } = this.#options
    await Promise.all([
      closeReplies(replies, { queue: replyQueue, log }),
      broadcasts.close(),
      publisher.close(),
    ])
    await connection.close()
  }
}

function closed(): BusError {
  return new BusError('ConnectionLost', 'this connection to the bus is closed')
}
