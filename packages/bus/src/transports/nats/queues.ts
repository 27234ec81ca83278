/**
 * Declares queues: each queue is a stream that removes acknowledged messages, with one consumer that all processes of
 * the queue share.
 */

import { setTimeout } from 'node:timers/promises'
import { AckPolicy, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { Logger } from '../../logger.ts'
import { deadLetterLimits } from '../../edge/dead-letter-limits.ts'
import { isRefusal } from './failures.ts'
import { consumerName, type Names } from './names.ts'
import type { Socket } from './socket.ts'

/** The error code for a stream that exists with a different configuration. */
const streamNameInUse = 10_058
/** The most open pull requests of one queue; a process has up to eight. */
const maxWaiting = 16_384

/** How long to wait before creating a deleted stream again, in milliseconds: the server is still deleting its files. */
const recreateDelay = 1_000

/** What is needed to declare queues. */
export interface QueueDeps {
  readonly socket: Socket
  readonly names: Names
  readonly log: Logger
}

/** Creates the stream of a queue, or keeps the existing one. */
export async function declareStream(queue: string, deps: QueueDeps): Promise<void> {
  await keepExisting(() => deps.socket.streams.streams.add(streamOf(queue, deps)))
}

/** The limits of a dead-letter stream, which drops the oldest message beyond them. */
const deadStreamBounds = {
  max_msgs: deadLetterLimits.messages,
  max_bytes: deadLetterLimits.bytes,
  discard: DiscardPolicy.Old,
}

/** Creates the stream of a dead-letter queue, and sets the limits of one that an earlier version created without. */
export async function declareDeadStream(queue: string, deps: QueueDeps): Promise<void> {
  const { streams } = deps.socket.streams
  try {
    await streams.add({ ...streamOf(queue, deps), ...deadStreamBounds })
  } catch (error) {
    if (!isRefusal(error) || error.code !== streamNameInUse) throw error
    await keepExisting(() => streams.update(deps.names.stream(queue), deadStreamBounds))
  }
}

function streamOf(queue: string, { socket, names }: QueueDeps) {
  return {
    name: names.stream(queue),
    description: 'a queue of Commissaire',
    subjects: [names.messages(queue)],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    num_replicas: socket.address.replicas,
  }
}

/** Creates the stream of a queue again after it was deleted. */
export async function recreateStream(queue: string, deps: QueueDeps): Promise<void> {
  await setTimeout(recreateDelay)
  await declareStream(queue, deps)
}

/** Creates the stream that stores the bindings and the records of last attempts, the latest message of each subject. */
export async function declareRegistry({ socket, names }: QueueDeps): Promise<void> {
  await keepExisting(() =>
    socket.streams.streams.add({
      name: names.registry,
      description: 'which queue wants which routing keys, on an exchange of Commissaire',
      subjects: [names.bindings, names.lastAttempts],
      storage: StorageType.File,
      max_msgs_per_subject: 1,
      num_replicas: socket.address.replicas,
    }),
  )
}

/**
 * Creates or updates the consumer of a queue. All processes of a queue share it, so the visibility of the last one that
 * declares it applies to all.
 */
export async function declareConsumer(
  queue: string,
  visibility: number,
  { socket, names, log }: QueueDeps,
): Promise<void> {
  const stream = names.stream(queue)
  const { config } = await socket.streams.consumers.add(stream, {
    durable_name: consumerName,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(visibility),
    deliver_policy: DeliverPolicy.All,
    max_deliver: -1,
    max_ack_pending: -1,
    max_waiting: maxWaiting,
  })
  if (config.ack_wait !== nanos(visibility))
    log.warn({ queue, visibility }, 'the queue uses another visibility than this process')
}

/** Keeps a stream that an operator has configured differently. */
async function keepExisting(add: () => Promise<unknown>): Promise<void> {
  try {
    await add()
  } catch (error) {
    if (!isRefusal(error) || error.code !== streamNameInUse) throw error
  }
}
