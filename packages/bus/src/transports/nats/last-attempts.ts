/**
 * What becomes of a message whose last allowed process dies.
 *
 * JetStream counts how often a message was handed out, but nobody would look at the count when no consumer is left. So a
 * process that gets a message for the last allowed time first leaves a will: where the message is, and how to ask this
 * process whether it still works on it. Every connection that ever consumed watches the wills. Of a process that is gone
 * the server says at once that nobody answers; when it stays so for the time of visibility, the will is executed.
 */

import type { Msg } from '@nats-io/transport-node'
import type { TransportOptions } from '../../transport.ts'
import { readClaim, type Claim } from './acks.ts'
import { isRefusal } from './failures.ts'
import { holderSubject } from './names.ts'
import { checkAck } from './publisher.ts'
import { declareRegistry } from './queues.ts'
import { bury, type BurialMeans } from './set-aside.ts'

/** What is needed to leave wills and to execute them. */
export interface WillMeans extends BurialMeans {
  readonly options: Pick<TransportOptions, 'visibility' | 'maxAttempts'>
  /** What this connection is known by. */
  readonly holder: string
  /** Whether this connection works on that message. */
  readonly holds: (queue: string, sequence: number) => boolean
}

interface Will {
  readonly queue: string
  readonly holder: string
  readonly claim: Claim
  /** Since when nobody says that he works on it, in milliseconds since 1970. */
  orphaned: number | undefined
}

/** The wills of one exchange. */
export class Wills {
  readonly #means: WillMeans
  readonly #wills = new Map<string, Will>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(means: WillMeans) {
    this.#means = means
    means.socket.subscribe(means.names.wills, (message) => this.#hear(message))
    means.socket.subscribe(holderSubject(means.holder), (message) => this.#answer(message))
  }

  /** Reads the wills that were left while nobody was here. */
  async refresh(): Promise<void> {
    const { socket, names } = this.#means
    const { state } = await socket.streams.streams.info(names.registry, { subjects_filter: names.wills })
    for (const subject of Object.keys(state.subjects ?? {})) {
      if (this.#wills.has(subject)) continue
      const stored = await socket.streams.streams.getMessage(names.registry, { last_by_subj: subject })
      if (stored) this.#learn(subject, stored.string())
    }
  }

  /** True for a message that is handed out for the last time. */
  isLastAttempt({ deliveries }: Claim): boolean {
    return deliveries >= this.#means.options.maxAttempts
  }

  async leave(queue: string, claim: Claim): Promise<void> {
    const { socket, names, holder } = this.#means
    await declareRegistry(this.#means)
    const text = JSON.stringify({ queue, holder, claim: claim.subject })
    checkAck(await socket.ask(names.will(queue, claim.sequence), text))
  }

  /** The message was settled. */
  async revoke(queue: string, { sequence }: Claim): Promise<void> {
    const { socket, names, log } = this.#means
    const subject = names.will(queue, sequence)
    this.#wills.delete(subject)
    try {
      await socket.streams.streams.purge(names.registry, { filter: subject })
    } catch (err) {
      log.debug({ queue, err }, 'could not take back what was to happen to a message')
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #hear(message: Msg): void {
    this.#learn(message.subject, message.string())
  }

  #learn(subject: string, text: string): void {
    const will = readWill(text)
    if (will) this.#wills.set(subject, will)
    if (this.#wills.size > 0) this.#again()
  }

  #answer(message: Msg): void {
    const will = readWill(message.string())
    message.respond(will && this.#means.holds(will.queue, will.claim.sequence) ? 'yes' : 'no')
  }

  /** Jittered, so that of many processes one comes first and the others find it done. */
  #again(): void {
    if (this.#closed || this.#timer) return
    const interval = this.#means.options.visibility / 5
    this.#timer = setTimeout(() => void this.#sweep(), interval * (0.5 + Math.random()))
  }

  async #sweep(): Promise<void> {
    if (this.#means.socket.ready)
      await Promise.all([...this.#wills].map(([subject, will]) => this.#look(subject, will)))
    this.#timer = undefined
    if (this.#wills.size > 0) this.#again()
  }

  async #look(subject: string, will: Will): Promise<void> {
    const { log, options } = this.#means
    try {
      if (await this.#isHeld(will)) will.orphaned = undefined
      else if (await this.#isRevoked(subject)) this.#wills.delete(subject)
      else will.orphaned ??= Date.now()
      if (will.orphaned === undefined || Date.now() - will.orphaned < options.visibility) return
      this.#wills.delete(subject)
      await bury(will.queue, { claim: will.claim, attempts: will.claim.deliveries }, this.#means)
      await this.revoke(will.queue, will.claim)
    } catch (err) {
      if (isRefusal(err)) this.#wills.delete(subject)
      log.warn({ queue: will.queue, err }, 'could not set aside the message of a dead process')
    }
  }

  async #isHeld({ queue, holder, claim }: Will): Promise<boolean> {
    const { socket, options } = this.#means
    const question = JSON.stringify({ queue, holder, claim: claim.subject })
    try {
      const answer = await socket.ask(holderSubject(holder), question, { timeout: options.visibility })
      return answer.string() === 'yes'
    } catch {
      return false
    }
  }

  async #isRevoked(subject: string): Promise<boolean> {
    const { socket, names } = this.#means
    return (await socket.streams.streams.getMessage(names.registry, { last_by_subj: subject })) === null
  }
}

function readWill(text: string): Will | undefined {
  try {
    const { queue, holder, claim }: Record<string, unknown> = JSON.parse(text)
    const read = typeof claim === 'string' ? readClaim(claim) : undefined
    if (typeof queue !== 'string' || typeof holder !== 'string' || !read) return undefined
    return { queue, holder, claim: read, orphaned: undefined }
  } catch {
    return undefined
  }
}
