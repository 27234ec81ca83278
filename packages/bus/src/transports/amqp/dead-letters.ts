/**
 * Messages that were set aside: the queue `<queue>.dead`, in which they lie with the reason in their headers.
 *
 * A queue of RabbitMQ can only be looked at by taking everything from it and giving it back, in the order in which it
 * was. An exclusive consumer keeps others from looking at the same time and finding half of it.
 */

import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Channel } from 'rabbitmq-client'
import { BusError } from '../../errors.ts'
import type { DeadMessage, DeadMessages } from '../../transport.ts'
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

/** How long to wait for somebody else who is looking, and for the messages, in milliseconds. */
const patience = 10_000

/** The set-aside messages behind one connection. */
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
        throw new BusError('NobodyListens', `there is no queue "${queue}" to put the message back on`)
    })
  }

  drop(queue: string, id: string): Promise<boolean> {
    return this.#take(queue, id, async () => {})
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

  /** What is not acknowledged goes back when the channel closes. */
  async #look<T>(
    queue: string,
    work: (messages: AmqpMessage[], channel?: Channel) => Promise<T>,
  ): Promise<T> {
    for (const until = Date.now() + patience; ;) {
      try {
        return await this.#connection.withChannel(async (channel) => {
          const raws = await takeAll(channel, deadQueue(queue))
          return work(
            raws.map((raw) => decodeMessage(raw, queue)),
            channel,
          )
        }, patience)
      } catch (error) {
        const fault = errorCodeOf(error)
        if (fault === 'NOT_FOUND') return work([])
        if (fault !== 'ACCESS_REFUSED' || Date.now() > until) throw error
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
  // Those that wait still, and those that are on their way.
  wanted = (await countOf(channel, queue)) + raws.length
  if (raws.length < wanted) await promise
  return raws
}

async function countOf(channel: Channel, queue: string): Promise<number> {
  return (await channel.queueDeclare({ queue, passive: true })).messageCount
}

function describe(message: AmqpMessage): DeadMessage {
  const { queue, routingKey, body, attempts } = message
  return { id: idOf(message), queue, routingKey, body, attempts, ...deadFacts(message) }
}

/** What has no id of ours is known by what it is. */
function idOf({ raw }: AmqpMessage): string {
  return raw.messageId ?? createHash('sha1').update(bytesOf(raw)).digest('hex')
}
