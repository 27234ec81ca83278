/**
 * Messages that were set aside: the queue `<queue>.dead`, with the reason in their headers.
 *
 * RabbitMQ can list a queue only by consuming all its messages and requeueing them in their order. An exclusive consumer
 * prevents two lists at the same time, which would each see a part.
 */

import { createHash } from 'node:crypto'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Channel } from 'rabbitmq-client'
import { BusError } from '../../errors.ts'
import type { DeadLetterStats, DeadMessage, DeadMessages } from '../../transport.ts'
import { errorCodeOf, type AmqpConnection } from './connection.ts'
import type { Publisher } from './publisher.ts'
import {
  bytesOf,
  deadFacts,
  deadQueue,
  decodeMessage,
  encodeReplay,
  type AmqpMessage,
  type Raw,
} from './wire.ts'

/** How long to wait for the end of another exclusive consumer, and for the messages, in milliseconds. */
const listTimeout = 10_000

/** Lists, replays and drops dead letters on RabbitMQ. */
export class AmqpDeadMessages implements DeadMessages {
  readonly #connection: AmqpConnection
  readonly #publisher: Publisher

  constructor(connection: AmqpConnection, publisher: Publisher) {
    this.#connection = connection
    this.#publisher = publisher
  }

  async list(queue: string, limit: number): Promise<DeadMessage[]> {
    if (limit <= 0) return []
    const messages = await this.#look(queue, async (messages) => messages)
    return messages.toReversed().slice(0, limit).map(describe)
  }

  replay(queue: string, id: string): Promise<boolean> {
    return this.#take(queue, id, async (message) => {
      const arrived = await this.#publisher.send(encodeReplay(message), bytesOf(message.raw))
      if (!arrived)
        throw new BusError(
          'NobodyListens',
          `cannot replay the message: there is no queue "${queue}"; start its service`,
        )
    })
  }

  drop(queue: string, id: string): Promise<boolean> {
    return this.#take(queue, id, async () => {})
  }

  async stats(queue: string): Promise<DeadLetterStats> {
    const messages = await this.#connection
      .withChannel((channel) => countOf(channel, deadQueue(queue)))
      .catch((error: unknown) => {
        if (errorCodeOf(error) === 'NOT_FOUND') return 0
        throw error
      })
    return { messages, bytes: undefined, dropped: undefined }
  }

  #take(queue: string, id: string, first: (message: AmqpMessage) => Promise<void>): Promise<boolean> {
    return this.#look(queue, async (messages, channel) => {
      const message = messages.find((candidate) => idOf(candidate) === id)
      if (!message || !channel) return false
      await first(message)
      channel.basicAck({ deliveryTag: message.raw.deliveryTag })
      return true
    })
  }

  /** Runs `work` with all messages; those it does not acknowledge return to the queue when the channel closes. */
  async #look<T>(
    queue: string,
    work: (messages: AmqpMessage[], channel?: Channel) => Promise<T>,
  ): Promise<T> {
    for (const until = Date.now() + listTimeout; ;) {
      try {
        return await this.#connection.withChannel(async (channel) => {
          const raws = await takeAll(channel, deadQueue(queue))
          return work(
            raws.map((raw) => decodeMessage(raw, queue)),
            channel,
          )
        }, listTimeout)
      } catch (error) {
        const code = errorCodeOf(error)
        if (code === 'NOT_FOUND') return work([])
        if (code !== 'ACCESS_REFUSED' || Date.now() > until) throw error
        await setTimeout(20 + Math.random() * 30)
      }
    }
  }
}

async function takeAll(channel: Channel, queue: string): Promise<Raw[]> {
  const raws: Raw[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  let wanted = Number.POSITIVE_INFINITY
  await channel.basicConsume({ queue, exclusive: true }, (raw) => {
    raws.push(raw)
    if (raws.length >= wanted) resolve()
  })
  // Counts the messages that are still on the queue and those already received, which the library delivers in the next
  // turn of the event loop.
  const waiting = await countOf(channel, queue)
  await setImmediate()
  wanted = waiting + raws.length
  if (raws.length < wanted) await promise
  return raws
}

async function countOf(channel: Channel, queue: string): Promise<number> {
  return (await channel.queueDeclare({ queue, passive: true })).messageCount
}

function describe(message: AmqpMessage): DeadMessage {
  const { queue, routingKey, attempts, fault, raw } = message
  const body = fault ? bytesOf(raw).toString() : message.body
  return { id: idOf(message), queue, routingKey, body, attempts, ...deadFacts(message) }
}

/** Returns the message id, or the hash of the body when it has none. */
function idOf({ raw }: AmqpMessage): string {
  return raw.messageId ?? createHash('sha1').update(bytesOf(raw)).digest('hex')
}
