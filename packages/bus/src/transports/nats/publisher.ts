/**
 * Publishes: one copy for each queue that wants the message, all on their way at the same time.
 *
 * The bindings are looked at again when the server has the copies. On one server, news of a binding arrives before the
 * acknowledgement of what was published after it; so a queue that was bound when `publish` was called is never missed.
 */

import type { MsgHdrs, Payload } from '@nats-io/transport-node'
import type { OutgoingMessage } from '../../transport.ts'
import type { Bindings } from './bindings.ts'
import { checkAck, closed, disconnected, isNoResponders } from './failures.ts'
import { encodeHeaders } from './message-encoding.ts'
import { recreateStream, type QueueDeps } from './queues.ts'

/** How long a message waits for a broker that is away, in milliseconds. */
const publishTimeout = 10_000

/** What is put on queues. */
export interface NatsMessage {
  readonly routingKey: string
  readonly body: Payload
  readonly headers: MsgHdrs
}

/** All that one connection publishes to its exchange. */
export class Publisher {
  readonly #deps: QueueDeps
  readonly #bindings: Bindings

  constructor(deps: QueueDeps, bindings: Bindings) {
    this.#deps = deps
    this.#bindings = bindings
  }

  /** Resolves with the number of queues that took the message. */
  async publish(message: OutgoingMessage): Promise<number> {
    const { socket } = this.#deps
    if (!socket.ready && !(await socket.whenReady(publishTimeout)))
      throw socket.closed ? closed() : disconnected(publishTimeout)
    const { routingKey, body } = message
    const encoded = { routingKey, body, headers: encodeHeaders(message) }
    const reached = await this.#sendToAll(encoded, new Set())
    if (reached.size > 0) return reached.size
    await this.#bindings.refresh()
    return (await this.#sendToAll(encoded, reached)).size
  }

  /** Sends copies until no queue lacks one. */
  async #sendToAll(message: NatsMessage, reached: Set<string>): Promise<Set<string>> {
    const lacking = this.#bindings.queuesOf(message.routingKey).filter((queue) => !reached.has(queue))
    const [only, ...others] = lacking
    if (only === undefined) return reached
    if (others.length === 0) await put(only, message, this.#deps)
    else await Promise.all(lacking.map((queue) => put(queue, message, this.#deps)))
    for (const queue of lacking) reached.add(queue)
    return this.#sendToAll(message, reached)
  }
}

/** Puts a message on a queue. Where its stream is gone, it is made anew: its binding says that somebody wants it. */
export async function put(queue: string, message: NatsMessage, deps: QueueDeps): Promise<void> {
  try {
    await send(queue, message, deps)
  } catch (error) {
    if (!isNoResponders(error)) throw error
    await recreateStream(queue, deps)
    await send(queue, message, deps)
  }
}

async function send(queue: string, message: NatsMessage, { socket, names }: QueueDeps): Promise<void> {
  const { routingKey, body, headers } = message
  checkAck(await socket.ask(names.message(queue, routingKey), body, { headers }))
}
