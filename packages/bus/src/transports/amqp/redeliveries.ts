/**
 * Handles redelivered messages, whose consumers died.
 *
 * The broker marks a message as redelivered, but does not count how often. So a redelivered message is moved to the
 * queue `<queue>.retry` with its count of attempts in a header before it is handled again; after too many attempts it is
 * set aside in `<queue>.dead`. Python peers use neither queue.
 */

import { randomUUID } from 'node:crypto'
import type { Logger } from '../../logger.ts'
import type { TransportOptions } from '../../transport.ts'
import type { Publisher } from './publisher.ts'
import { bytesOf, deadQueue, encodeCopy, retryQueue, type AmqpMessage } from './wire.ts'

/** What is needed to move redelivered messages. */
export interface RedeliveryDeps {
  readonly publisher: Publisher
  readonly options: Pick<TransportOptions, 'maxAttempts' | 'abandonedReply'>
  readonly log: Logger
}

/** Counts one more attempt, and moves the message to the retry or dead-letter queue. It can then be acknowledged. */
export async function moveRedelivered(message: AmqpMessage, deps: RedeliveryDeps): Promise<void> {
  const { publisher, options, log } = deps
  const { queue, routingKey } = message
  const attempts = message.attempts + 1
  if (attempts < options.maxAttempts) {
    await putOnRetry(message, { attempts, publisher })
    log.warn({ queue, routingKey, attempts }, 'took over a message of a process that died')
    return
  }
  const reason = `${attempts} processes died while they handled it`
  await setAside({ ...message, attempts }, { reason, publisher })
  const reply = options.abandonedReply(message, reason)
  if (reply) await publisher.reply(reply)
  log.warn({ queue, routingKey, attempts }, 'set aside a message whose processes died')
}

/** Puts a copy on the retry queue, marked as redelivered. */
export async function putOnRetry(
  message: AmqpMessage,
  { attempts, publisher }: { attempts: number; publisher: Publisher },
): Promise<void> {
  const to = retryQueue(message.queue)
  await publisher.put(to, encodeCopy(message, to, { attempts, redelivered: true }), bytesOf(message.raw))
}

/** Puts a copy on the dead-letter queue, with the reason in its headers. */
export async function setAside(
  message: AmqpMessage,
  { reason, publisher }: { reason: string; publisher: Publisher },
): Promise<void> {
  const { attempts, redelivered, queue } = message
  const to = deadQueue(queue)
  const dead = { reason, at: new Date().toISOString() }
  const envelope = { ...encodeCopy(message, to, { attempts, redelivered, dead }), messageId: randomUUID() }
  await publisher.put(to, envelope, bytesOf(message.raw))
}
