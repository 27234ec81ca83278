/** The reply queue of one connection, and its ear for what is said to all. */

import type { Channel } from 'rabbitmq-client'
import type { TransportOptions } from '../../transport.ts'
import { ReopeningChannel } from './channel.ts'
import { withTimeout, type AmqpConnection } from './connection.ts'
import { bytesOf, broadcastExchange, type Raw } from './wire.ts'

/** How many answers may be on their way at a time. */
const window = 2_000
/** How long closing waits for a broker that does not answer, in milliseconds. */
const closeTimeout = 2_000

/**
 * Takes all answers. The queue is declared as Python services do it when they answer: anything else would make the
 * broker refuse theirs. So it outlives its connection, and is removed by hand.
 */
export function openReplies(
  queue: string,
  { connection, options }: { connection: AmqpConnection; options: TransportOptions },
): Promise<ReopeningChannel> {
  const prepare = async (channel: Channel): Promise<void> => {
    await channel.queueDeclare({ queue, durable: true })
    await channel.basicQos({ prefetchCount: window })
    const acknowledge = inTurns(channel)
    await channel.basicConsume({ queue }, (raw) => {
      options.onReply(bytesOf(raw).toString())
      acknowledge(raw)
    })
  }
  return ReopeningChannel.open(connection, { name: `the reply queue "${queue}"`, log: options.log, prepare })
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
export async function closeReplies(channel: ReopeningChannel, queue: string): Promise<void> {
  const { current } = channel
  if (current) {
    const remove = async (): Promise<void> => {
      await current.queueDelete({ queue })
      await current.exchangeDelete({ exchange: queue })
    }
    await withTimeout(remove(), closeTimeout).catch(() => {})
  }
  await channel.close()
}

/** Hears what is said to all connections that are there now. Queue and exchange vanish with those who use them. */
export function openBroadcasts({
  connection,
  options,
}: {
  connection: AmqpConnection
  options: TransportOptions
}): Promise<ReopeningChannel> {
  const exchange = broadcastExchange(options.exchange)
  const prepare = async (channel: Channel): Promise<void> => {
    await channel.exchangeDeclare({ exchange, type: 'fanout', durable: false, autoDelete: true })
    const { queue } = await channel.queueDeclare({ queue: '', exclusive: true, autoDelete: true })
    await channel.queueBind({ exchange, queue, routingKey: '' })
    await channel.basicConsume({ queue, noAck: true }, (raw) => options.onBroadcast(bytesOf(raw).toString()))
  }
  return ReopeningChannel.open(connection, { name: `the exchange "${exchange}"`, log: options.log, prepare })
}
