/**
 * Publishes one copy of a message for each bound queue, all in parallel.
 *
 * The bindings are checked again when the server has the copies. A server delivers a new binding before it acknowledges
 * a message published after it, so a queue that is bound when `publish` is called is never missed.
 */

import type { MsgHdrs, Payload } from '@nats-io/transport-node'
import type { OutgoingMessage } from '../../transport.ts'
import type { Bindings } from './bindings.ts'
import { checkAck, closed, disconnected, isNoResponders } from './failures.ts'
import { encodeHeaders } from './message-encoding.ts'
import { recreateStream, type QueueDeps } from './queues.ts'

/** How long a message waits for the connection to come back, in milliseconds. */
const publishTimeout = 10_000

/** A message in the form in which it is put on a queue. */
export interface NatsMessage {
  readonly routingKey: string
  readonly body: Payload
  readonly headers: MsgHdrs
}

/** Publishes the messages of one connection to its exchange. */
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

  /** Sends copies until every bound queue has one. */
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

/** Puts a message on a queue. Creates its stream again if it was deleted, because the queue is still bound. */
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
