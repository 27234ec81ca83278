/**
 * Runs one command on a channel of an open connection: input, bounded output, a time limit, and a way to give up.
 *
 * Giving up kills: the command gets a KILL signal where the host's sshd passes signals on, and the channel is closed
 * in any case, so that the command finds its output gone.
 */
import type { Client, ClientChannel } from 'ssh2'
import { HostError } from '../errors.ts'
import type { CommandResult, RunOptions } from '../remote.ts'
import { Output } from './output.ts'

interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** Runs the command and tells how it ended. The address is for messages only. */
export async function execute(
  client: Client,
  command: string,
  options: RunOptions & { readonly address: string },
): Promise<CommandResult> {
  const started = performance.now()
  const limit = options.maxOutput ?? 1024 * 1024
  const stdout = new Output(limit, options.onLine && ((line) => options.onLine?.('stdout', line)))
  const stderr = new Output(limit, options.onLine && ((line) => options.onLine?.('stderr', line)))
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
  readonly #options: RunOptions & { readonly address: string }
  #channel: ClientChannel | undefined
  #failure: HostError | undefined

  constructor(client: Client, command: string, options: RunOptions & { readonly address: string }) {
    this.#client = client
    this.#command = command
    this.#options = options
  }

  async run(stdout: Output, stderr: Output): Promise<Exit> {
    const { timeout = 60_000, signal } = this.#options
    if (signal?.aborted) throw this.#error('cancelled', 'was given up before it started', signal.reason)
    return new Promise<Exit>((resolve, reject) => {
      const stop = (failure: HostError): void => {
        this.#failure = failure
        this.#kill()
        settle(failure)
      }
      const giveUp = (): void => stop(this.#error('cancelled', 'was given up', signal?.reason))
      const timer = setTimeout(
        () => stop(this.#error('timeout', `did not end within ${timeout} ms`)),
        timeout,
      )
      const lost = (): void => settle(this.#error('connection_lost', 'was running when the connection ended'))
      const settle = (end: Exit | HostError): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
        this.#client.off('close', lost)
        if (end instanceof HostError) reject(end)
        else resolve(end)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#client.on('close', lost)
      this.#open(stdout, stderr).then(settle, settle)
    })
  }

  async #open(stdout: Output, stderr: Output): Promise<Exit> {
    const channel = await this.#channelFor(this.#command)
    this.#channel = channel
    if (this.#failure) this.#kill()
    channel.on('data', (chunk: Buffer) => stdout.add(chunk))
    channel.stderr.on('data', (chunk: Buffer) => stderr.add(chunk))
    channel.end(this.#options.input)
    const exit = await exitOf(channel)
    stdout.end()
    stderr.end()
    if (!exit) throw this.#error('connection_lost', 'ended without telling how')
    return exit
  }

  #channelFor(command: string): Promise<ClientChannel> {
    const refused = (error: Error): HostError =>
      this.#error('connection_lost', `could not be started: ${error.message}`, error)
    return new Promise((resolve, reject) => {
      try {
        this.#client.exec(command, (error, channel) => (error ? reject(refused(error)) : resolve(channel)))
      } catch (error) {
        reject(refused(error as Error))
      }
    })
  }

  #kill(): void {
    try {
      this.#channel?.signal('KILL')
      this.#channel?.close()
    } catch {
      // The channel is gone already, which is what we want.
    }
  }

  #error(code: 'cancelled' | 'timeout' | 'connection_lost', found: string, cause?: unknown): HostError {
    const { address } = this.#options
    const shown = this.#command.length > 80 ? `${this.#command.slice(0, 77)}…` : this.#command
    return new HostError(code, `${address}: "${shown}" ${found}`, { address, cause })
  }
}

function exitOf(channel: ClientChannel): Promise<Exit | undefined> {
  return new Promise((resolve) => {
    let exit: Exit | undefined
    channel.on('exit', (code: number | null, signal?: string | null) => {
      exit = { code, signal: signal?.replace(/^SIG/, '') ?? null }
    })
    channel.on('close', () => resolve(exit))
  })
}
