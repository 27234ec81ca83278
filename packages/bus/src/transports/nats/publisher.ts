/**
 * Publishes: one copy for each queue that wants the message, all on their way at the same time.
 *
 * The bindings are looked at again when the server has the copies. On one server, news of a binding arrives before the
 * acknowledgement of what was published after it; so a queue that was bound when `publish` was called is never missed.
 */

import type { Msg, MsgHdrs, Payload } from '@nats-io/transport-node'
import type { Outgoing } from '../../transport.ts'
import type { Bindings } from './bindings.ts'
import { away, closed, isNobody, refused } from './failures.ts'
import { encodeHeaders } from './message-encoding.ts'
import { remakeStream, type QueueMeans } from './queues.ts'

/** How long a message waits for a broker that is away, in milliseconds. */
const patience = 10_000

/** What is put on queues. */
export interface Letter {
  readonly routingKey: string
  readonly body: Payload
  readonly headers: MsgHdrs
}

/** All that one connection publishes to its exchange. */
export class Publisher {
  readonly #means: QueueMeans
  readonly #bindings: Bindings

  constructor(means: QueueMeans, bindings: Bindings) {
    this.#means = means
    this.#bindings = bindings
  }

  /** Resolves with the number of queues that took the message. */
  async publish(message: Outgoing): Promise<number> {
    const { socket } = this.#means
    if (!socket.ready && !(await socket.whenReady(patience))) throw socket.closed ? closed() : away(patience)
    const { routingKey, body } = message
    const letter = { routingKey, body, headers: encodeHeaders(message) }
    const reached = await this.#spread(letter, new Set())
    if (reached.size > 0) return reached.size
    await this.#bindings.refresh()
    return (await this.#spread(letter, reached)).size
  }

  /** Sends copies until no queue lacks one. */
  async #spread(letter: Letter, reached: Set<string>): Promise<Set<string>> {
    const lacking = this.#bindings.queuesOf(letter.routingKey).filter((queue) => !reached.has(queue))
    const [only, ...others] = lacking
    if (only === undefined) return reached
    if (others.length === 0) await put(only, letter, this.#means)
    else await Promise.all(lacking.map((queue) => put(queue, letter, this.#means)))
    for (const queue of lacking) reached.add(queue)
    return this.#spread(letter, reached)
  }
}

/** Puts a message on a queue. Where its stream is gone, it is made anew: its binding says that somebody wants it. */
export async function put(queue: string, letter: Letter, means: QueueMeans): Promise<void> {
  try {
    await send(queue, letter, means)
  } catch (error) {
    if (!isNobody(error)) throw error
    await remakeStream(queue, means)
    await send(queue, letter, means)
  }
}

async function send(queue: string, letter: Letter, { socket, names }: QueueMeans): Promise<void> {
  const { routingKey, body, headers } = letter
  checkAck(await socket.ask(names.message(queue, routingKey), body, { headers }))
}

/** The answer is `{"stream", "seq"}` or `{"error"}`; to look for one word is all that is needed of the good one. */
export function checkAck(answer: Msg): void {
  const text = answer.string()
  if (!text.includes('"error"')) return
  const { error }: { error?: { description?: string } } = JSON.parse(text)
  if (error) throw refused(error.description ?? text)
}
