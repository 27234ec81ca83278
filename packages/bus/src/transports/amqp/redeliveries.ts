/**
 * What becomes of a message whose consumer is gone.
 *
 * The broker only says that somebody had the message before, not how often. So a message that comes back is moved to
 * the queue `<queue>.retry`, with the count written on it, before anybody works on it again; after too many times it is
 * set aside in `<queue>.dead`. Python peers know neither queue.
 */

import { randomUUID } from 'node:crypto'
import type { Logger } from '../../logger.ts'
import type { TransportOptions } from '../../transport.ts'
import type { Publisher } from './publisher.ts'
import { bytesOf, deadQueue, encodeCopy, retryQueue, type AmqpMessage } from './wire.ts'

/** What is needed to move messages. */
export interface RedeliveryDeps {
  readonly publisher: Publisher
  readonly options: Pick<TransportOptions, 'maxAttempts' | 'abandonedReply'>
  readonly log: Logger
}

/** Counts one more process that the message has ended, and moves it to where it belongs. Then it can be acknowledged. */
export async function moveRedelivered(message: AmqpMessage, deps: RedeliveryDeps): Promise<void> {
  const { publisher, options, log } = deps
  const { queue, routingKey } = message
  const attempts = message.attempts + 1
  if (attempts < options.maxAttempts) {
    await putOnRetry(message, { attempts, publisher })
    log.warn({ queue, routingKey, attempts }, 'took over a message of a process that is gone')
    return
  }
  const reason = `${attempts} processes died while they handled it`
  await setAside({ ...message, attempts }, { reason, publisher })
  const reply = options.abandonedReply(message, reason)
  if (reply) await publisher.reply(reply)
  log.warn({ queue, routingKey, attempts }, 'set aside a message that ended one process after the other')
}

/** Puts a copy where it is taken next, marked as redelivered. */
export async function putOnRetry(
  message: AmqpMessage,
  { attempts, publisher }: { attempts: number; publisher: Publisher },
): Promise<void> {
  const to = retryQueue(message.queue)
  await publisher.put(to, encodeCopy(message, to, { attempts, redelivered: true }), bytesOf(message.raw))
}

/** Puts a copy on the queue of the dead, with the reason on it. */
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
