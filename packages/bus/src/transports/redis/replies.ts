/** Reads the reply queue of one connection, all available replies at a time. */

import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Logger } from '../../logger.ts'
import { bindingSet } from './binding.ts'
import { decodeMessage } from './kombu.ts'
import { isReply, textsIn, type Socket } from './socket.ts'

const waitSeconds = 5
const maxBatch = 256
const retryDelay = 500

/** Reads one reply queue on its own connection. */
export class ReplyReader {
  readonly #queue: string
  readonly #socket: Socket
  readonly #log: Logger
  readonly #onReply: (body: string) => void
  #closed = false

  constructor(queue: string, deps: { socket: Socket; log: Logger; onReply: (body: string) => void }) {
    this.#queue = queue
    this.#socket = deps.socket
    this.#log = deps.log
    this.#onReply = deps.onReply
    void this.#read()
  }

  /** Stops reading, and removes the queue and the bindings that Python services create for it. */
  async close(socket: Socket): Promise<void> {
    this.#closed = true
    this.#socket.close()
    try {
      if (socket.ready) await socket.call('DEL', this.#queue, bindingSet(this.#queue))
    } catch (err) {
      this.#log.debug({ queue: this.#queue, err }, 'could not remove the reply queue')
    }
  }

  async #read(): Promise<void> {
    while (!this.#closed) {
      try {
        const command = [waitSeconds, 1, this.#queue, 'RIGHT', 'COUNT', maxBatch] as const
        const answer = await this.#socket.call('BLMPOP', ...command)
        for (const text of textsIn(Array.isArray(answer) ? answer[1] : undefined)) this.#receive(text)
      } catch (error) {
        await this.#recover(error)
      }
      // Lets the callers of these replies run first; the next replies are hardly there yet.
      await setImmediate()
    }
  }

  #receive(text: string): void {
    const message = decodeMessage(text, this.#queue)
    if (message) this.#onReply(message.body)
    else this.#log.warn({ queue: this.#queue }, 'dropped an element of the reply queue that is not a message')
  }

  async #recover(error: unknown): Promise<void> {
    if (isReply(error)) {
      this.#log.error({ queue: this.#queue, err: error }, 'could not read replies; trying again')
      await setTimeout(retryDelay)
    }
    await this.#socket.whenReady()
  }
}
