/** A kept connection and its users. Each user has a remote of its own; closing that leaves the connection open. */
import { HostError, isHostError } from '../errors.ts'
import type { CommandResult, Remote, RunOptions } from '../remote.ts'
import type { HostScheduler, OrderedWork } from '../scheduling/scheduler.ts'
import type { SshRemote } from './remote.ts'

/** Milliseconds. A command that may take longer than a minute is the host's work, and not a question to it. */
const QUESTION = 60_000

/** Milliseconds for which such a command keeps its slot, which is the time in which it starts. */
const START = 1000

/** A connection with those who use it. */
export class Lease {
  readonly remote: SshRemote
  readonly #scheduler: HostScheduler
  readonly #running = new Set<Promise<unknown>>()
  #users = 0

  constructor(remote: SshRemote, scheduler: HostScheduler) {
    this.remote = remote
    this.#scheduler = scheduler
  }

  get isUsed(): boolean {
    return this.#users > 0
  }

  take(work: OrderedWork): Remote {
    this.#users += 1
    return new LeasedRemote(this, work)
  }

  giveBack(): void {
    this.#users -= 1
  }

  /** Runs on the connection, and is waited for by `drain`. */
  async run(command: string, options: RunOptions, work: OrderedWork): Promise<CommandResult> {
    const result = this.#runInSlot(command, options, work)
    this.#running.add(result)
    try {
      return await result
    } finally {
      this.#running.delete(result)
    }
  }

  async #runInSlot(command: string, options: RunOptions, work: OrderedWork): Promise<CommandResult> {
    const slot = await this.#scheduler.enter(work, options.signal)
    const timeLimit = options.timeout ?? QUESTION
    const isQuestion = timeLimit <= QUESTION
    const started = isQuestion ? undefined : setTimeout(() => slot.leave(), START)
    try {
      const result = await this.remote.run(command, options)
      const asked = `${command} ${options.input?.length ?? 0}`
      slot.leave(isQuestion ? { answered: { command: asked, timeLimit } } : {})
      return result
    } catch (error) {
      slot.leave({ timedOut: isQuestion && isHostError(error, 'timeout') })
      throw error
    } finally {
      clearTimeout(started)
    }
  }

  /** Closes the connection when nothing runs on it any more. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#running)
    await this.remote.close()
  }
}

class LeasedRemote implements Remote {
  readonly #lease: Lease
  readonly #work: OrderedWork
  #isOurs = true

  constructor(lease: Lease, work: OrderedWork) {
    this.#lease = lease
    this.#work = work
  }

  get address(): string {
    return this.#lease.remote.address
  }

  get user(): string {
    return this.#lease.remote.user
  }

  get hostKey(): string {
    return this.#lease.remote.hostKey
  }

  async run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    if (!this.#isOurs)
      throw new HostError('closed', `${this.address}: this remote was closed`, { address: this.address })
    return this.#lease.run(command, options, this.#work)
  }

  async close(): Promise<void> {
    if (!this.#isOurs) return
    this.#isOurs = false
    this.#lease.giveBack()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
