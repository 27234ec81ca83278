/** The reply queue of one connection, and its ear for what is said to all. */

import type { Channel } from 'rabbitmq-client'
import type { TransportOptions } from '../../transport.ts'
import { Lane } from './channel.ts'
import { within, type Link } from './connection.ts'
import { bytesOf, newsExchange, type Raw } from './wire.ts'

/** How many answers may be on their way at a time. */
const window = 2_000
/** How long closing waits for a broker that does not answer, in milliseconds. */
const closeLimit = 2_000

/**
 * Takes all answers. The queue is declared as Python services do it when they answer: anything else would make the
 * broker refuse theirs. So it outlives its connection, and is removed by hand.
 */
export function openReplies(
  queue: string,
  { link, options }: { link: Link; options: TransportOptions },
): Promise<Lane> {
  const prepare = async (channel: Channel): Promise<void> => {
    await channel.queueDeclare({ queue, durable: true })
    await channel.basicQos({ prefetchCount: window })
    const acknowledge = inTurns(channel)
    await channel.basicConsume({ queue }, (raw) => {
      options.onReply(bytesOf(raw).toString())
      acknowledge(raw)
    })
  }
  return Lane.open(link, { name: `the reply queue "${queue}"`, log: options.log, prepare })
}

/** One acknowledgement for all answers of a turn of the event loop. */
function inTurns(channel: Channel): (raw: Raw) => void {
  let last: Raw | undefined
  const flush = (): void => {
    if (last && channel.active) channel.basicAck({ deliveryTag: last.deliveryTag, multiple: true })
    last = undefined
  }
  return (raw) => {
    if (!last) setImmediate(flush)
    last = raw
  }
}

/** Stops taking answers, and removes the queue and the exchange that Python services make for it. */
export async function closeReplies(lane: Lane, queue: string): Promise<void> {
  const { channel } = lane
  if (channel) {
    const remove = async (): Promise<void> => {
      await channel.queueDelete({ queue })
      await channel.exchangeDelete({ exchange: queue })
    }
    await within(remove(), closeLimit).catch(() => {})
  }
  await lane.close()
}

/** Hears what is said to all connections that are there now. Queue and exchange vanish with those who use them. */
export function openNews({ link, options }: { link: Link; options: TransportOptions }): Promise<Lane> {
  const exchange = newsExchange(options.exchange)
  const prepare = async (channel: Channel): Promise<void> => {
    await channel.exchangeDeclare({ exchange, type: 'fanout', durable: false, autoDelete: true })
    const { queue } = await channel.queueDeclare({ queue: '', exclusive: true, autoDelete: true })
    await channel.queueBind({ exchange, queue, routingKey: '' })
    await channel.basicConsume({ queue, noAck: true }, (raw) => options.onBroadcast(bytesOf(raw).toString()))
  }
  return Lane.open(link, { name: `the exchange "${exchange}"`, log: options.log, prepare })
}
