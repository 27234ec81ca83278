/** A host behind an open SSH connection. */
import type { Client } from 'ssh2'
import { Semaphore } from './semaphore.ts'
import type { CommandResult, Remote, RunOptions } from '../remote.ts'
import { asRoot, checkSudo } from '../command/sudo.ts'
import { execute } from './run/execute.ts'
import { killSiblings } from './run/kill.ts'
import type { Target } from './target.ts'

/** OpenSSH allows ten sessions a connection (`MaxSessions`); we stay below it and let the rest wait. */
const sessions = 8

/** A remote over ssh2. */
export class SshRemote implements Remote {
  readonly address: string
  readonly user: string
  readonly hostKey: string
  readonly #client: Client
  readonly #semaphore = new Semaphore(sessions)
  readonly #closed: Promise<void>
  #isOpen = true
  #running = 0
  /** Of those, how many were abandoned and have not ended. */
  #stuck = 0
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

  /** False once either side has ended the connection, or a command on it is stuck. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Resolves when the connection has ended, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed
  }

  async run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    const leave = await this.#semaphore.enter(options.signal)
    await this.#killing
    this.#running += 1
    let ended: Promise<unknown> = Promise.resolve()
    try {
      const line = options.sudo ? asRoot(command, this.user) : command
      const result = await execute(this.#client, line, {
        ...options,
        address: this.address,
        onAbandoned: (end) => {
          ended = this.#seeOut(end)
        },
      })
      if (options.sudo) checkSudo(result, this.address, this.user)
      return result
    } finally {
      // An abandoned command holds its session until it has really ended.
      void ended.then(() => this.#leave(leave))
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

  #leave(leave: () => void): void {
    this.#running -= 1
    leave()
    this.#retire()
  }

  /**
   * Kills an abandoned command where nothing else runs on the connection that would be hit too; what comes next waits
   * for that. A command that does not end even so makes the connection one that nobody should be given any more.
   */
  async #seeOut(ended: Promise<unknown>): Promise<void> {
    this.#stuck += 1
    if (this.#running === 1) this.#killing = firstWord(this.#client, killSiblings)
    await this.#killing
    const patience = setTimeout(() => {
      this.#isOpen = false
      this.#retire()
    }, patienceMs)
    await ended
    clearTimeout(patience)
    this.#stuck -= 1
  }

  /** Ends a connection that is not handed out any more, once only what is stuck runs on it. */
  #retire(): void {
    if (!this.#isOpen && this.#running === this.#stuck) this.#client.destroy()
  }
}

/** How long a command may take to end after it was killed, or the killer to say something. */
const patienceMs = 3000

/** Resolves when the command has printed something, has ended or failed without, or is silent for too long. */
function firstWord(client: Client, command: string): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(impatient)
      client.off('close', done)
      resolve()
    }
    const impatient = setTimeout(done, patienceMs)
    client.once('close', done)
    try {
      client.exec(command, (error, channel) => {
        if (error) return done()
        // What a host says after its first word is not read: that it is asked to be silent does not make it so.
        channel.once('data', done).once('data', () => channel.close())
        channel.once('close', done).resume()
        channel.stderr.resume()
        channel.end()
      })
    } catch {
      done()
    }
  })
}
