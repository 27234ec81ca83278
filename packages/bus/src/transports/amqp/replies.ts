/** The reply queue of one connection, and its subscription to broadcasts. */

import type { Channel } from 'rabbitmq-client'
import type { Logger } from '../../logger.ts'
import type { TransportOptions } from '../../transport.ts'
import { ReopeningChannel } from './channel.ts'
import { withTimeout, type AmqpConnection } from './connection.ts'
import { bytesOf, broadcastExchange, type Raw } from './wire.ts'

/** How many unacknowledged replies the broker may send. */
const window = 2_000
/** How long closing waits for a broker that does not answer, in milliseconds. */
const closeTimeout = 2_000

/**
 * Consumes the reply queue. It is declared exactly as Python services declare it when they reply, because the broker
 * refuses a different declaration. So it outlives its connection, and `closeReplies` deletes it.
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

/** Returns a function that acknowledges all replies of one turn of the event loop together. */
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

/** Stops consuming replies, and deletes the queue and the exchange that Python services create for it. */
export async function closeReplies(
  channel: ReopeningChannel,
  { queue, log }: { queue: string; log: Logger },
): Promise<void> {
  const { current } = channel
  if (current) {
    const remove = async (): Promise<void> => {
      await current.queueDelete({ queue })
      await current.exchangeDelete({ exchange: queue })
    }
    await withTimeout(remove(), closeTimeout).catch((err: unknown) => {
      log.debug({ queue, err }, 'could not delete the reply queue')
    })
  }
  await channel.close()
}

/** Consumes broadcasts. The broker deletes queue and exchange when the last connection that uses them closes. */
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
