/**
 * Messages that were set aside: the list `<queue>.dead`. They are ordinary kombu messages with the reason in their
 * headers, so Python tools can read them too.
 */

import { createHash } from 'node:crypto'
import type { DeadLetterStats, DeadMessage, DeadMessages } from '../../transport.ts'
import { deadFacts, deadList, decodeMessage, rewrite } from './kombu.ts'
import { notAMessage } from './delivery.ts'
import { droppedKey, move } from './scripts.ts'
import { textsIn, type Socket } from './socket.ts'

const page = 100

/** Lists, replays and drops dead letters on Redis. */
export class RedisDeadMessages implements DeadMessages {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  async list(queue: string, limit: number): Promise<DeadMessage[]> {
    if (limit <= 0) return []
    const texts = textsIn(await this.#socket.call('LRANGE', deadList(queue), 0, limit - 1))
    return texts.map((text) => describe(queue, text))
  }

  async replay(queue: string, id: string): Promise<boolean> {
    const text = await this.#find(queue, id)
    if (text === undefined) return false
    const list = decodeMessage(text, queue)?.list ?? queue
    const fresh = rewrite(text, { attempts: 0, redelivered: false })
    return (await this.#socket.run(move, [deadList(queue)], [text, list, fresh])) === 1
  }

  async drop(queue: string, id: string): Promise<boolean> {
    const text = await this.#find(queue, id)
    return text !== undefined && (await this.#socket.run(move, [deadList(queue)], [text])) === 1
  }

  async stats(queue: string): Promise<DeadLetterStats> {
    const list = deadList(queue)
    const [messages, bytes, dropped] = await Promise.all([
      this.#socket.call('LLEN', list),
      this.#socket.call('MEMORY', 'USAGE', list),
      this.#socket.call('HGET', droppedKey, list),
    ])
    return { messages: Number(messages), bytes: Number(bytes ?? 0), dropped: Number(dropped ?? 0) }
  }

  async #find(queue: string, id: string): Promise<string | undefined> {
    for (let first = 0; ; first += page) {
      const texts = textsIn(await this.#socket.call('LRANGE', deadList(queue), first, first + page - 1))
      const text = texts.find((candidate) => idOf(candidate) === id)
      if (text !== undefined || texts.length < page) return text
    }
  }
}

function describe(queue: string, text: string): DeadMessage {
  const message = decodeMessage(text, queue)
  const { reason, deadAt } = deadFacts(text) ?? { reason: notAMessage, deadAt: '' }
  return {
    id: idOf(text),
    queue,
    routingKey: message?.routingKey ?? '',
    body: message && !message.fault ? message.body : text,
    reason,
    deadAt,
    attempts: message?.attempts ?? 0,
  }
}

/** Returns the delivery tag, or the hash of the text when it has none. */
function idOf(text: string): string {
  return deadFacts(text)?.id ?? createHash('sha1').update(text).digest('hex')
}
