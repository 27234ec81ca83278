/**
 * Watches the retry queue of a queue that this connection no longer consumes.
 *
 * When the last process that handled a message has died and no consumer is left, the watcher sets the message aside and
 * replies to its caller.
 */

import { setTimeout } from 'node:timers/promises'
import type { Channel } from 'rabbitmq-client'
import type { TransportOptions } from '../../transport.ts'
import { errorCodeOf, type AmqpConnection } from './connection.ts'
import type { Publisher } from './publisher.ts'
import { moveRedelivered, putOnRetry } from './redeliveries.ts'
import { decodeMessage, retryQueue } from './wire.ts'

/** What is needed to watch a retry queue. */
export interface RetryWatcherDeps {
  readonly connection: AmqpConnection
  readonly publisher: Publisher
  readonly options: TransportOptions
  readonly signal: AbortSignal
}

/** Checks the retry queue at random intervals until the signal is aborted. */
export async function watchRetries(queue: string, deps: RetryWatcherDeps): Promise<void> {
  const { connection, options, signal } = deps
  while (!signal.aborted) {
    await pause(options.visibility / 5, signal)
    if (signal.aborted) return
    try {
      await connection.withChannel((channel) => look(channel, queue, deps))
    } catch (err) {
      if (errorCodeOf(err) !== 'NOT_FOUND')
        options.log.debug({ queue, err }, 'could not check the retry queue')
    }
  }
}

/** Handles the messages of the retry queue, unless it has a consumer, which does so itself. */
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
    // Requeued unchanged it would be marked as redelivered, and count as an attempt.
    else await putOnRetry(message, { attempts: message.attempts, publisher })
    channel.basicAck({ deliveryTag: raw.deliveryTag })
    if (!raw.redelivered) return
  }
}

/** Waits with jitter, so that many processes do not check at the same time. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const length = milliseconds * (0.5 + Math.random())
  await setTimeout(length, undefined, { signal, ref: false }).catch(() => {})
}
