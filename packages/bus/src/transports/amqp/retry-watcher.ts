/**
 * Looks after the retries of a queue that this connection does not consume any more.
 *
 * The last process that tried a message may have died, and nobody may consume the queue now: then somebody must set the
 * message aside and tell its caller.
 */

import { setTimeout } from 'node:timers/promises'
import type { Channel } from 'rabbitmq-client'
import type { TransportOptions } from '../../transport.ts'
import { errorCodeOf, type AmqpConnection } from './connection.ts'
import type { Publisher } from './publisher.ts'
import { moveRedelivered, putOnRetry } from './redeliveries.ts'
import { decodeMessage, retryQueue } from './wire.ts'

/** What is needed to look after retries. */
export interface RetryWatcherDeps {
  readonly connection: AmqpConnection
  readonly publisher: Publisher
  readonly options: TransportOptions
  readonly signal: AbortSignal
}

/** Looks again and again, at its own times, until the signal is aborted. */
export async function watchRetries(queue: string, deps: RetryWatcherDeps): Promise<void> {
  const { connection, options, signal } = deps
  while (!signal.aborted) {
    await pause(options.visibility / 5, signal)
    if (signal.aborted) return
    try {
      await connection.withChannel((channel) => look(channel, queue, deps))
    } catch (err) {
      if (errorCodeOf(err) !== 'NOT_FOUND')
        options.log.debug({ queue, err }, 'could not look after the retries')
    }
  }
}

/** Where a consumer is there, it is better at that. */
async function look(
  channel: Channel,
  queue: string,
  { publisher, options }: RetryWatcherDeps,
): Promise<void> {
  const retry = retryQueue(queue)
  const { messageCount, consumerCount } = await channel.queueDeclare({ queue: retry, passive: true })
  if (consumerCount > 0) return
  for (let index = 0; index < messageCount; index++) {
    const raw = await channel.basicGet({ queue: retry })
    if (!raw) return
    const message = decodeMessage(raw, queue)
    if (raw.redelivered) await moveRedelivered(message, { publisher, options, log: options.log })
    // Given back as it is it would be marked, and count as one that ended a process.
    else await putOnRetry(message, { attempts: message.attempts, publisher })
    channel.basicAck({ deliveryTag: raw.deliveryTag })
    if (!raw.redelivered) return
  }
}

/** Jittered, so that of many processes one comes first and the others find nothing. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const length = milliseconds * (0.5 + Math.random())
  await setTimeout(length, undefined, { signal, ref: false }).catch(() => {})
}
