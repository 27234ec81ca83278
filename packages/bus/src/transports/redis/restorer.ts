/**
 * Restores the messages of dead processes.
 *
 * Every consuming connection looks for claims with an expired lease at random intervals. It puts their messages back at
 * the front of their queues, marked as redelivered, or sets them aside when too many processes died. Claims of kombu's
 * own processes have no lease and are not touched.
 */

import type { Logger } from '../../logger.ts'
import type { TransportOptions } from '../../transport.ts'
import { setAside, notAMessage } from './delivery.ts'
import { decodeMessage, encodeReply, rewrite, type ClaimKeys } from './kombu.ts'
import { findExpired, restore } from './scripts.ts'
import { textsIn, type Socket } from './socket.ts'

/** What a restorer needs to find, move and answer messages. */
export interface RestorerDeps {
  readonly socket: Socket
  readonly keys: ClaimKeys
  readonly options: Pick<TransportOptions, 'visibility' | 'maxAttempts' | 'abandonedReply'>
  readonly log: Logger
}

const maxSweep = 100

/** Looks for expired claims until it is closed. */
export class Restorer {
  readonly #deps: RestorerDeps
  #timer: NodeJS.Timeout | undefined

  constructor(deps: RestorerDeps) {
    this.#deps = deps
    this.#schedule()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Schedules the next sweep with jitter, so that many processes do not sweep at the same time. */
  #schedule(): void {
    const interval = this.#deps.options.visibility / 5
    this.#timer = setTimeout(() => void this.#sweep(), interval * (0.5 + Math.random()))
  }

  async #sweep(): Promise<void> {
    const { socket, keys, log } = this.#deps
    try {
      if (socket.ready) {
        const found = textsIn(await socket.run(findExpired, [keys.leases, keys.unacked], [maxSweep]))
        for (let i = 0; i + 1 < found.length; i += 2)
          await this.#tryRestore(found[i] ?? '', found[i + 1] ?? '')
      }
    } catch (err) {
      log.warn({ err }, 'could not look for messages of dead processes')
    }
    if (this.#timer) this.#schedule()
  }

  /** One claim that cannot be restored keeps none of the others. */
  async #tryRestore(id: string, value: string): Promise<void> {
    try {
      await this.#restore(id, value)
    } catch (err) {
      this.#deps.log.warn({ id, err }, 'could not restore the message of a dead process')
    }
  }

  async #restore(id: string, value: string): Promise<void> {
    const { socket, keys, log } = this.#deps
    const claim = splitClaim(value)
    const pushes = claim ? this.#pushes(claim) : []
    const args = [id, pushes.length / 3, ...pushes]
    const restored = await socket.run(restore, [keys.index, keys.unacked, keys.leases], args)
    if (restored !== 1) return
    const to = pushes.map((part, at) => (at % 3 === 1 ? part : '')).filter(Boolean)
    log.warn({ id, queue: claim?.queue, to }, 'took a message from a process that stopped renewing its claim')
  }

  #pushes({ text, queue }: { text: string; queue: string }): string[] {
    const message = decodeMessage(text, queue)
    if (!message) return setAside(queue, text, notAMessage)
    const attempts = message.attempts + 1
    if (attempts < this.#deps.options.maxAttempts) return ['first', message.list, rewrite(text, { attempts })]
    const reason = `${attempts} processes died while they handled it`
    const reply = this.#deps.options.abandonedReply(message, reason)
    const answer = reply ? ['answer', reply.queue, encodeReply(reply)] : []
    return [...answer, ...setAside(queue, rewrite(text, { attempts }), reason, true)]
  }
}

/** Splits the value of a claim: `[` message `,"",` queue `]`. */
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
