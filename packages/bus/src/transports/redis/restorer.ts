/**
 * Gives the messages of dead processes to living ones.
 *
 * Every connection that consumes looks for claims whose lease has run out, at its own times. What it finds goes back to
 * the front of its queue, marked; or, when it has ended too many processes, to the queue's list of the dead. Only claims
 * with a lease are looked at, so those of kombu's own processes are left to them.
 */

import type { Logger } from '../../logger.ts'
import type { TransportOptions } from '../../transport.ts'
import { setAside, noMessage } from './delivery.ts'
import { decodeMessage, encodeReply, rewrite, type ClaimKeys } from './kombu.ts'
import { expired, restore } from './scripts.ts'
import { textsIn, type Socket } from './socket.ts'

/** What a restorer needs. */
export interface RestorerMeans {
  readonly socket: Socket
  readonly keys: ClaimKeys
  readonly options: Pick<TransportOptions, 'visibility' | 'maxAttempts' | 'obituary'>
  readonly log: Logger
}

const largestSweep = 100

/** Sweeps until it is closed. */
export class Restorer {
  readonly #means: RestorerMeans
  #timer: NodeJS.Timeout | undefined

  constructor(means: RestorerMeans) {
    this.#means = means
    this.#again()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Jittered, so that of many processes one finds a claim first and the others find it gone. */
  #again(): void {
    const interval = this.#means.options.visibility / 5
    this.#timer = setTimeout(() => void this.#sweep(), interval * (0.5 + Math.random()))
  }

  async #sweep(): Promise<void> {
    const { socket, keys, log } = this.#means
    try {
      if (socket.ready) {
        const found = textsIn(await socket.run(expired, [keys.leases, keys.unacked], [largestSweep]))
        for (let i = 0; i + 1 < found.length; i += 2) await this.#restore(found[i] ?? '', found[i + 1] ?? '')
      }
    } catch (err) {
      log.warn({ err }, 'could not look for the messages of dead processes')
    }
    if (this.#timer) this.#again()
  }

  async #restore(id: string, value: string): Promise<void> {
    const { socket, keys, log } = this.#means
    const claim = splitClaim(value)
    const pushes = claim ? this.#pushes(claim) : []
    const args = [id, pushes.length / 3, ...pushes]
    const restored = await socket.run(restore, [keys.index, keys.unacked, keys.leases], args)
    if (restored !== 1) return
    const to = pushes.map((part, at) => (at % 3 === 1 ? part : '')).filter(Boolean)
    log.warn({ id, queue: claim?.queue, to }, 'took a message from a process that gave no sign of life')
  }

  #pushes({ text, queue }: { text: string; queue: string }): string[] {
    const message = decodeMessage(text, queue)
    if (!message) return setAside(queue, text, noMessage)
    const attempts = message.attempts + 1
    if (attempts < this.#means.options.maxAttempts)
      return ['first', message.list, rewrite(text, { attempts })]
    const reason = `it ended ${attempts} processes that worked on it`
    const obituary = this.#means.options.obituary(message, reason)
    const answer = obituary ? ['answer', obituary.queue, encodeReply(obituary)] : []
    return [...answer, ...setAside(queue, rewrite(text, { attempts }), reason, true)]
  }
}

/** Takes apart what the claim script put together: `[` message `,"",` queue `]`. */
function splitClaim(value: string): { text: string; queue: string } | undefined {
  const end = value.lastIndexOf(',"",')
  if (end < 0 || !value.startsWith('[') || !value.endsWith(']')) return undefined
  try {
    const queue: unknown = JSON.parse(value.slice(end + 4, -1))
    return typeof queue === 'string' ? { text: value.slice(1, end), queue } : undefined
  } catch {
    return undefined
  }
}
