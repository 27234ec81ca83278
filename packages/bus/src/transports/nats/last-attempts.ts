/**
 * Records of last attempts: they let other processes set a message aside when its last consumer dies.
 *
 * JetStream counts the deliveries of a message, but without a consumer nothing checks the count. So a process that
 * receives a message for the last allowed time first stores a record: where the message is, and how to ask this process
 * whether it still handles it. Every connection that has ever consumed checks the records. For a dead process the server
 * answers at once that there is no responder; when that lasts as long as the visibility, the message is set aside.
 */

import type { Msg } from '@nats-io/transport-node'
import type { TransportOptions } from '../../transport.ts'
import { readClaim, type Claim } from './acks.ts'
import { checkAck, isRefusal } from './failures.ts'
import { holderSubject } from './names.ts'
import { declareRegistry } from './queues.ts'
import { setAsideAbandoned, type SetAsideDeps } from './set-aside.ts'

/** What is needed to store the records and to act on them. */
export interface LastAttemptDeps extends SetAsideDeps {
  readonly options: Pick<TransportOptions, 'visibility' | 'maxAttempts'>
  /** The name under which this connection is asked whether it handles a message. */
  readonly holder: string
  /** Returns whether this connection handles that message. */
  readonly holds: (queue: string, sequence: number) => boolean
}

interface LastAttempt {
  readonly queue: string
  readonly holder: string
  readonly claim: Claim
  /** Since when no process confirms that it handles the message, in milliseconds since 1970. */
  orphanedSince: number | undefined
}

/** The records of last attempts of one exchange. */
export class LastAttempts {
  readonly #deps: LastAttemptDeps
  readonly #records = new Map<string, LastAttempt>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(deps: LastAttemptDeps) {
    this.#deps = deps
    deps.socket.subscribe(deps.names.lastAttempts, (message) => this.#receive(message))
    deps.socket.subscribe(holderSubject(deps.holder), (message) => this.#answer(message))
  }

  /** Reads the records that were stored before this connection was made or while it was lost. */
  async refresh(): Promise<void> {
    const { socket, names } = this.#deps
    const { state } = await socket.streams.streams.info(names.registry, {
      subjects_filter: names.lastAttempts,
    })
    for (const subject of Object.keys(state.subjects ?? {})) {
      if (this.#records.has(subject)) continue
      const stored = await socket.streams.streams.getMessage(names.registry, { last_by_subj: subject })
      if (stored) this.#add(subject, stored.string())
    }
  }

  /** Returns true when the message is not delivered again after this delivery. */
  isLastAttempt({ deliveries }: Claim): boolean {
    return deliveries >= this.#deps.options.maxAttempts
  }

  async record(queue: string, claim: Claim): Promise<void> {
    const { socket, names, holder } = this.#deps
    await declareRegistry(this.#deps)
    const text = JSON.stringify({ queue, holder, claim: claim.subject })
    checkAck(await socket.ask(names.lastAttempt(queue, claim.sequence), text))
  }

  /** Removes a record after its message is settled. */
  async remove(queue: string, { sequence }: Claim): Promise<void> {
    const { socket, names, log } = this.#deps
    const subject = names.lastAttempt(queue, sequence)
    this.#records.delete(subject)
    try {
      await socket.streams.streams.purge(names.registry, { filter: subject })
    } catch (err) {
      log.debug({ queue, err }, 'could not remove the record of the last attempt at a message')
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #receive(message: Msg): void {
    this.#add(message.subject, message.string())
  }

  #add(subject: string, text: string): void {
    const record = readLastAttempt(text)
    if (record) this.#records.set(subject, record)
    if (this.#records.size > 0) this.#schedule()
  }

  #answer(message: Msg): void {
    const record = readLastAttempt(message.string())
    message.respond(record && this.#deps.holds(record.queue, record.claim.sequence) ? 'yes' : 'no')
  }

  /** Schedules the next check with jitter, so that many processes do not check at the same time. */
  #schedule(): void {
    if (this.#closed || this.#timer) return
    const interval = this.#deps.options.visibility / 5
    this.#timer = setTimeout(() => void this.#sweep(), interval * (0.5 + Math.random()))
  }

  async #sweep(): Promise<void> {
    if (this.#deps.socket.ready)
      await Promise.all([...this.#records].map(([subject, record]) => this.#check(subject, record)))
    this.#timer = undefined
    if (this.#records.size > 0) this.#schedule()
  }

  async #check(subject: string, record: LastAttempt): Promise<void> {
    const { log, options } = this.#deps
    try {
      if (await this.#isHeld(record)) record.orphanedSince = undefined
      else if (await this.#isRemoved(subject)) this.#records.delete(subject)
      else record.orphanedSince ??= Date.now()
      if (record.orphanedSince === undefined || Date.now() - record.orphanedSince < options.visibility) return
      this.#records.delete(subject)
      await setAsideAbandoned(
        record.queue,
        { claim: record.claim, attempts: record.claim.deliveries },
        this.#deps,
      )
      await this.remove(record.queue, record.claim)
    } catch (err) {
      if (isRefusal(err)) this.#records.delete(subject)
      log.warn({ queue: record.queue, err }, 'could not set aside the message of a dead process')
    }
  }

  async #isHeld({ queue, holder, claim }: LastAttempt): Promise<boolean> {
    const { socket, options } = this.#deps
    const question = JSON.stringify({ queue, holder, claim: claim.subject })
    try {
      const answer = await socket.ask(holderSubject(holder), question, { timeout: options.visibility })
      return answer.string() === 'yes'
    } catch {
      return false
    }
  }

  async #isRemoved(subject: string): Promise<boolean> {
    const { socket, names } = this.#deps
    return (await socket.streams.streams.getMessage(names.registry, { last_by_subj: subject })) === null
  }
}

function readLastAttempt(text: string): LastAttempt | undefined {
  try {
    const { queue, holder, claim }: Record<string, unknown> = JSON.parse(text)
    const read = typeof claim === 'string' ? readClaim(claim) : undefined
    if (typeof queue !== 'string' || typeof holder !== 'string' || !read) return undefined
    return { queue, holder, claim: read, orphanedSince: undefined }
  } catch {
    return undefined
  }
}
