/**
 * Runs one command on a channel of an open connection: input, bounded output, a time limit, and a way to give up.
 *
 * Whoever gives up is answered at once; `onAbandoned` then tells the connection that a command is still out there.
 */
import type { Client, ClientChannel } from 'ssh2'
import { HostError } from '../errors.ts'
import type { CommandResult, RunOptions } from '../remote.ts'
import { Output } from './output.ts'

interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** Where a channel's output and end go. */
interface Ends {
  readonly stdout: Output
  readonly stderr: Output
  readonly resolve: (exit: Exit) => void
  readonly reject: (error: HostError) => void
}

/** How a command is run on a channel. */
export interface ExecuteOptions extends RunOptions {
  /** For messages. */
  readonly address: string
  /** Called when a command is given up or takes too long; the promise resolves when its channel has closed. */
  readonly onAbandoned: (ended: Promise<unknown>) => void
}

/** Runs the command and tells how it ended. */
export async function execute(
  client: Client,
  command: string,
  options: ExecuteOptions,
): Promise<CommandResult> {
  const started = performance.now()
  const { maxOutput = 1024 * 1024, onLine } = options
  const stdout = new Output(maxOutput, onLine && ((line) => onLine('stdout', line)))
  const stderr = new Output(maxOutput, onLine && ((line) => onLine('stderr', line)))
  const exit = await new Execution(client, command, options).run(stdout, stderr)
  return {
    ...exit,
    stdout: stdout.text(),
    stderr: stderr.text(),
    truncated: stdout.truncated || stderr.truncated,
    ms: Math.round(performance.now() - started),
  }
}

/** One command from opening its channel to closing it. */
class Execution {
  readonly #client: Client
  readonly #command: string
  readonly #options: ExecuteOptions
  #channel: ClientChannel | undefined
  #isAbandoned = false

  constructor(client: Client, command: string, options: ExecuteOptions) {
    this.#client = client
    this.#command = command
    this.#options = options
  }

  async run(stdout: Output, stderr: Output): Promise<Exit> {
    const { timeout = 60_000, signal } = this.#options
    if (signal?.aborted) throw this.#error('cancelled', 'was given up before it started', signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<Exit>()
    const ended = this.#start(stdout, stderr)
    const abandon = (failure: HostError): void => {
      reject(failure)
      this.#abandon(ended)
    }
    const giveUp = (): void => abandon(this.#error('cancelled', 'was given up', signal?.reason))
    const timer = setTimeout(
      () => abandon(this.#error('timeout', `did not end within ${timeout} ms`)),
      timeout,
    )
    const lost = (): void => reject(this.#error('connection_lost', 'was running when the connection ended'))
    signal?.addEventListener('abort', giveUp, { once: true })
    this.#client.on('close', lost)
    ended.then(resolve, reject)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      this.#client.off('close', lost)
    }
  }

  /**
   * Opens the channel. Everything is attached in ssh2's own callback: a quick command's whole life may be in the same
   * packet, and a promise would look too late.
   */
  #start(stdout: Output, stderr: Output, attempt = 1): Promise<Exit> {
    const { promise, resolve, reject } = Promise.withResolvers<Exit>()
    const refuse = (error: unknown): void =>
      reject(this.#error('connection_lost', `could not be started: ${String(error)}`, error))
    const again = (): void => void this.#start(stdout, stderr, attempt + 1).then(resolve, reject)
    try {
      this.#client.exec(this.#command, (error, channel) => {
        if (!error) this.#attach(channel, { stdout, stderr, resolve, reject })
        else if (isCrowded(error) && attempt < mostAttempts && !this.#isAbandoned)
          setTimeout(again, 20 * attempt)
        else refuse(error)
      })
    } catch (error) {
      refuse(error)
    }
    return promise
  }

  #attach(channel: ClientChannel, { stdout, stderr, resolve, reject }: Ends): void {
    this.#channel = channel
    channel.on('data', (chunk: Buffer) => stdout.add(chunk))
    channel.stderr.on('data', (chunk: Buffer) => stderr.add(chunk))
    let exit: Exit | undefined
    channel.on('exit', (code: number | null, signal?: string | null) => {
      exit = { code, signal: signal?.replace(/^SIG/, '') ?? null }
    })
    channel.on('close', () => {
      stdout.end()
      stderr.end()
      if (exit) resolve(exit)
      else reject(this.#error('connection_lost', 'ended without telling how'))
    })
    channel.end(this.#options.input)
    if (this.#isAbandoned) channel.close()
  }

  #abandon(ended: Promise<unknown>): void {
    this.#isAbandoned = true
    this.#channel?.close()
    this.#options.onAbandoned(ended.catch(() => {}))
  }

  #error(code: 'cancelled' | 'timeout' | 'connection_lost', found: string, cause?: unknown): HostError {
    const { address } = this.#options
    const shown = this.#command.length > 80 ? `${this.#command.slice(0, 77)}…` : this.#command
    return new HostError(code, `${address}: "${shown}" ${found}`, { address, cause })
  }
}

const mostAttempts = 10

/** sshd frees a session a moment after its channel closed, and until then may refuse a new one. */
function isCrowded(error: Error): boolean {
  return 'reason' in error
}
