/**
 * Declares queues: each is a stream, from which a message goes when it is acknowledged, with one consumer that all
 * processes of the queue share.
 */

import { setTimeout } from 'node:timers/promises'
import { AckPolicy, DeliverPolicy, RetentionPolicy, StorageType } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { Logger } from '../../logger.ts'
import { isRefusal } from './failures.ts'
import { consumerName, type Names } from './names.ts'
import type { Socket } from './socket.ts'

/** The server's own number for a stream that is there and somebody made differently. */
const streamNameInUse = 10_058
/** So many processes may wait for messages of one queue, some eight times each. */
const maxWaiting = 16_384

/** Milliseconds. */
const recreateDelay = 1_000

/** What is needed to declare. */
export interface QueueDeps {
  readonly socket: Socket
  readonly names: Names
  readonly log: Logger
}

/** Makes the stream of a queue, or leaves it as it is. */
export async function declareStream(queue: string, { socket, names }: QueueDeps): Promise<void> {
  await keepExisting(() =>
    socket.streams.streams.add({
      name: names.stream(queue),
      description: 'a queue of Commissaire',
      subjects: [names.messages(queue)],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      num_replicas: socket.address.replicas,
    }),
  )
}

/** Makes the stream of a queue that somebody removed; not at once, for the server goes on removing for a while. */
export async function recreateStream(queue: string, deps: QueueDeps): Promise<void> {
  await setTimeout(recreateDelay)
  await declareStream(queue, deps)
}

/** Makes the stream that keeps the bindings and wills of the exchange: of each subject the latest. */
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
 * Makes the consumer of a queue. All processes of a queue share it, so the one that comes last says how long a message
 * may be in the hands of a process that gives no sign of life.
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
    log.warn({ queue, visibility }, 'another visibility than that of this process holds for the queue')
}

/** Whoever made a stream differently knows why; it is a matter of the operator. */
async function keepExisting(add: () => Promise<unknown>): Promise<void> {
  try {
    await add()
  } catch (error) {
    if (!isRefusal(error) || error.code !== streamNameInUse) throw error
  }
}
