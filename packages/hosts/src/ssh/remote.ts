/** A host behind an open SSH connection. */
import type { Client } from 'ssh2'
import { Gate } from '../gate.ts'
import type { CommandResult, Remote, RunOptions } from '../remote.ts'
import { asRoot, checkSudo } from '../sudo.ts'
import { execute } from './execute.ts'
import { killSiblings } from './kill.ts'
import type { Target } from './target.ts'

/** OpenSSH allows ten sessions a connection (`MaxSessions`); we stay below it and let the rest wait. */
const sessions = 8

export class SshRemote implements Remote {
  readonly address: string
  readonly user: string
  readonly hostKey: string
  readonly #client: Client
  readonly #gate = new Gate(sessions)
  readonly #closed: Promise<void>
  #isOpen = true
  #running = 0
  #killing: Promise<void> | undefined

  constructor(client: Client, target: Target, hostKey: string) {
    this.address = target.address
    this.user = target.user
    this.hostKey = hostKey
    this.#client = client
    client.setMaxListeners(0)
    client.on('error', () => client.destroy())
    this.#closed = new Promise((resolve) => client.once('close', resolve))
    client.once('close', () => (this.#isOpen = false))
    client.once('end', () => (this.#isOpen = false))
  }

  /** False once either side has ended the connection. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Resolves when the connection has ended, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed
  }

  async run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    const leave = await this.#gate.enter(options.signal)
    await this.#killing
    this.#running += 1
    let ended: Promise<unknown> = Promise.resolve()
    try {
      const line = options.sudo ? asRoot(command, this.user) : command
      const result = await execute(this.#client, line, {
        ...options,
        address: this.address,
        onAbandoned: (end) => {
          ended = this.#kill(end)
        },
      })
      if (options.sudo) checkSudo(result, this.address, this.user)
      return result
    } finally {
      // An abandoned command holds its session until it has really ended.
      void ended.then(() => {
        this.#running -= 1
        leave()
      })
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#client.end()
    const impatient = setTimeout(() => this.#client.destroy(), 500)
    await this.#closed
    clearTimeout(impatient)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * Kills the abandoned command where nothing else runs on the connection that would be hit too; what comes next waits
   * for that. Otherwise the command is left to find its output closed.
   */
  async #kill(ended: Promise<unknown>): Promise<void> {
    if (this.#running === 1) this.#killing = firstWord(this.#client, killSiblings)
    await this.#killing
    await ended
  }
}

/** Resolves when the command has printed something, or has ended or failed without. */
function firstWord(client: Client, command: string): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      client.off('close', done)
      resolve()
    }
    client.once('close', done)
    try {
      client.exec(command, (error, channel) => {
        if (error) return done()
        channel.once('data', done).once('close', done).resume()
      })
    } catch {
      done()
    }
  })
}
