/** Messages that were set aside: the queue `<queue>.dead`, where the id of a message is its sequence number. */

import { PubHeaders, type StoredMsg } from '@nats-io/jetstream'
import type { DeadLetterStats, DeadMessage, DeadMessages } from '../../transport.ts'
import { isNotFound } from './failures.ts'
import { copyHeaders, readDeadLetterInfo } from './message-encoding.ts'
import { put } from './publisher.ts'
import type { QueueDeps } from './queues.ts'
import { deadQueue, remove } from './set-aside.ts'

/** How many messages are read at a time. */
const pageSize = 50

/** Lists, replays and drops dead letters on NATS. */
export class NatsDeadMessages implements DeadMessages {
  readonly #deps: QueueDeps

  constructor(deps: QueueDeps) {
    this.#deps = deps
  }

  async list(queue: string, limit: number): Promise<DeadMessage[]> {
    const sequences = await this.#sequences(queue)
    const found: DeadMessage[] = []
    while (sequences.length > 0 && found.length < limit) {
      const few = sequences.splice(0, Math.min(pageSize, limit - found.length))
      const stored = await Promise.all(few.map((sequence) => this.#get(queue, sequence)))
      found.push(...stored.flatMap((one) => (one ? [this.#describe(queue, one)] : [])))
    }
    return found
  }

  async replay(queue: string, id: string): Promise<boolean> {
    const stored = await this.#find(queue, id)
    if (!stored) return false
    const headers = copyHeaders(stored.header)
    // The message id prevents a second copy when this process dies before the next step, or another replays it too.
    headers.append(PubHeaders.MsgIdHdr, `${this.#deps.names.stream(deadQueue(queue))}:${id}`)
    const routingKey = this.#deps.names.routingKey(stored.subject)
    await put(queue, { routingKey, body: stored.data, headers }, this.#deps)
    return remove(deadQueue(queue), stored.seq, this.#deps)
  }

  async drop(queue: string, id: string): Promise<boolean> {
    const stored = await this.#find(queue, id)
    return stored !== null && (await remove(deadQueue(queue), stored.seq, this.#deps))
  }

  async stats(queue: string): Promise<DeadLetterStats> {
    const { socket, names } = this.#deps
    try {
      const { state } = await socket.streams.streams.info(names.stream(deadQueue(queue)))
      return { messages: state.messages, bytes: state.bytes, dropped: undefined }
    } catch (error) {
      if (isNotFound(error)) return { messages: 0, bytes: 0, dropped: undefined }
      throw error
    }
  }

  /** Returns the sequence numbers that exist, the latest first. */
  async #sequences(queue: string): Promise<number[]> {
    const { socket, names } = this.#deps
    try {
      const { state } = await socket.streams.streams.info(names.stream(deadQueue(queue)), {
        deleted_details: true,
      })
      const gone = new Set(state.deleted)
      const all = Array.from(
        { length: state.last_seq - state.first_seq + 1 },
        (_, index) => state.last_seq - index,
      )
      return state.messages === 0 ? [] : all.filter((sequence) => !gone.has(sequence))
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
  }

  async #find(queue: string, id: string): Promise<StoredMsg | null> {
    return /^[1-9]\d{0,14}$/.test(id) ? this.#get(queue, Number(id)) : null
  }

  async #get(queue: string, seq: number): Promise<StoredMsg | null> {
    const { socket, names } = this.#deps
    try {
      return await socket.streams.streams.getMessage(names.stream(deadQueue(queue)), { seq })
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }

  #describe(queue: string, stored: StoredMsg): DeadMessage {
    const routingKey = this.#deps.names.routingKey(stored.subject)
    return {
      id: String(stored.seq),
      queue,
      routingKey,
      body: stored.string(),
      ...readDeadLetterInfo(stored.header),
    }
  }
}
