/** A kept connection and who uses it: each user gets a remote of their own, whose end is not the connection's end. */
import { HostError } from '../errors.ts'
import type { CommandResult, Remote, RunOptions } from '../remote.ts'
import type { SshRemote } from './remote.ts'

/** A connection with those who use it. */
export class Lease {
  readonly remote: SshRemote
  readonly #running = new Set<Promise<unknown>>()
  #users = 0

  constructor(remote: SshRemote) {
    this.remote = remote
  }

  get isUsed(): boolean {
    return this.#users > 0
  }

  take(): Remote {
    this.#users += 1
    return new LeasedRemote(this)
  }

  giveBack(): void {
    this.#users -= 1
  }

  /** Runs on the connection, and is waited for by `drain`. */
  async run(command: string, options?: RunOptions): Promise<CommandResult> {
    const result = this.remote.run(command, options)
    this.#running.add(result)
    try {
      return await result
    } finally {
      this.#running.delete(result)
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
  #isOurs = true

  constructor(lease: Lease) {
    this.#lease = lease
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

  async run(command: string, options?: RunOptions): Promise<CommandResult> {
    if (!this.#isOurs)
      throw new HostError('closed', `${this.address}: this remote was closed`, { address: this.address })
    return this.#lease.run(command, options)
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
