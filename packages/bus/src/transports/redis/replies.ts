/** The reply queue of one connection: takes all answers that are there, as often as there are any. */

import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Logger } from '../../logger.ts'
import { bindingSet } from './binding.ts'
import { decodeMessage } from './kombu.ts'
import { isReply, textsIn, type Socket } from './socket.ts'

const waitSeconds = 5
const mostAtOnce = 256
const retryDelay = 500

/** Reads one reply queue on a connection of its own. */
export class ReplyReader {
  readonly #queue: string
  readonly #socket: Socket
  readonly #log: Logger
  readonly #onReply: (body: string) => void
  #closed = false

  constructor(queue: string, means: { socket: Socket; log: Logger; onReply: (body: string) => void }) {
    this.#queue = queue
    this.#socket = means.socket
    this.#log = means.log
    this.#onReply = means.onReply
    void this.#read()
  }

  /** Stops reading, and removes the queue and the bindings that Python services made for it. */
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
        const command = [waitSeconds, 1, this.#queue, 'RIGHT', 'COUNT', mostAtOnce] as const
        const answer = await this.#socket.call('BLMPOP', ...command)
        for (const text of textsIn(Array.isArray(answer) ? answer[1] : undefined)) this.#receive(text)
      } catch (error) {
        await this.#recover(error)
      }
      // Whoever waited for these answers goes first; the next can hardly be there yet.
      await setImmediate()
    }
  }

  #receive(text: string): void {
    const message = decodeMessage(text, this.#queue)
    if (message) this.#onReply(message.body)
    else this.#log.warn({ queue: this.#queue }, 'dropped something on the reply queue that is no message')
  }

  async #recover(error: unknown): Promise<void> {
    if (isReply(error)) {
      this.#log.error({ queue: this.#queue, err: error }, 'cannot read answers; trying again')
      await setTimeout(retryDelay)
    }
    await this.#socket.whenReady()
  }
}
