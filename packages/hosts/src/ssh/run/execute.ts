/**
 * Runs one command on a channel of an open connection: input, bounded output, a time limit, and a way to give up.
 *
 * Whoever gives up is answered at once; `onAbandoned` then tells the connection that a command is still out there.
 */
import type { Client, ClientChannel } from 'ssh2'
import { HostError, type HostErrorCode, type HostErrorOptions } from '../../errors.ts'
import type { CommandResult, RunOptions } from '../../remote.ts'
import { Output } from './output.ts'
import { Throttle } from './throttle.ts'

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
  /** Called when a command is given up, takes too long or prints too much; the promise resolves when its channel has closed. */
  readonly onAbandoned: (ended: Promise<unknown>) => void
}

/** Runs the command and tells how it ended. */
export async function execute(
  client: Client,
  command: string,
  options: ExecuteOptions,
): Promise<CommandResult> {
  const started = performance.now()
  const execution = new Execution(client, command, options)
  const [stdout, stderr] = [collect('stdout', execution, options), collect('stderr', execution, options)]
  const exit = await execution.run(stdout, stderr)
  return {
    ...exit,
    stdout: stdout.text(),
    stderr: stderr.text(),
    truncated: stdout.truncated || stderr.truncated,
    ms: Math.round(performance.now() - started),
  }
}

/** Bytes of each stream that are kept where the caller does not say. */
const usualLimit = 1024 * 1024

function collect(
  stream: 'stdout' | 'stderr',
  execution: Execution,
  { maxOutput: limit = usualLimit, overflow = 'fail', onLine }: ExecuteOptions,
): Output {
  return new Output({
    limit,
    onLine: onLine && ((line) => onLine(stream, line)),
    onOverflow: overflow === 'fail' ? () => execution.overflow(stream, limit) : undefined,
  })
}

/** One command from opening its channel to closing it. */
class Execution {
  readonly #client: Client
  readonly #command: string
  readonly #options: ExecuteOptions
  #channel: ClientChannel | undefined
  #isAbandoned = false
  readonly #throttle: Throttle | undefined
  #resting: NodeJS.Timeout | undefined
  /** Fails the call and gives the command up. */
  #abandon: (failure: HostError) => void = () => {}

  constructor(client: Client, command: string, options: ExecuteOptions) {
    this.#client = client
    this.#command = command
    this.#options = options
    this.#throttle = options.overflow === 'drop' ? new Throttle() : undefined
  }

  async run(stdout: Output, stderr: Output): Promise<Exit> {
    const { timeout = 60_000, signal } = this.#options
    if (signal?.aborted)
      throw this.#error('cancelled', 'was given up before it started', { cause: signal.reason })
    const { promise, resolve, reject } = Promise.withResolvers<Exit>()
    const ended = this.#start(stdout, stderr)
    this.#abandon = (failure) => {
      reject(failure)
      this.#letGo(ended)
    }
    const giveUp = (): void =>
      this.#abandon(this.#error('cancelled', 'was given up', { cause: signal?.reason }))
    const timer = setTimeout(
      () => this.#abandon(this.#error('timeout', `did not end within ${timeout} ms`)),
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

  /** Ends the call, as one of the command's streams is longer than it may be. */
  overflow(stream: 'stdout' | 'stderr', limit: number): void {
    const name = stream === 'stdout' ? 'standard output' : 'standard error'
    const details = { stream, limit }
    this.#abandon(
      this.#error('too_much_output', `printed more than ${limit} bytes to its ${name}`, { details }),
    )
  }

  /**
   * Opens the channel. Everything is attached in ssh2's own callback: a quick command's whole life may be in the same
   * packet, and a promise would look too late.
   */
  #start(stdout: Output, stderr: Output, attempt = 1): Promise<Exit> {
    const { promise, resolve, reject } = Promise.withResolvers<Exit>()
    const refuse = (error: unknown): void =>
      reject(this.#error('connection_lost', `could not be started: ${String(error)}`, { cause: error }))
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
    channel.on('data', (chunk: Buffer) => this.#take(stdout, chunk))
    channel.stderr.on('data', (chunk: Buffer) => this.#take(stderr, chunk))
    let exit: Exit | undefined
    channel.on('exit', (code: number | null, signal?: string | null) => {
      exit = { code, signal: signal?.replace(/^SIG/, '') ?? null }
    })
    channel.on('close', () => {
      if (!this.#isAbandoned) for (const output of [stdout, stderr]) output.end()
      if (exit) resolve(exit)
      else reject(this.#error('connection_lost', 'ended without telling how'))
    })
    channel.end(this.#options.input)
    if (this.#isAbandoned) channel.close()
  }

  /** What comes after the command was given up is not looked at. */
  #take(output: Output, chunk: Buffer): void {
    if (this.#isAbandoned) return
    const lines = output.add(chunk)
    const rest = this.#throttle?.read({ bytes: chunk.length, lines }) ?? 0
    if (rest > 0) this.#rest(rest)
  }

  /** Reads nothing for so many milliseconds. */
  #rest(ms: number): void {
    const channel = this.#channel
    channel?.pause()
    channel?.stderr.pause()
    clearTimeout(this.#resting)
    this.#resting = setTimeout(() => this.#readOn(), ms)
  }

  #readOn(): void {
    clearTimeout(this.#resting)
    this.#channel?.resume()
    this.#channel?.stderr.resume()
  }

  #letGo(ended: Promise<unknown>): void {
    if (this.#isAbandoned) return
    this.#isAbandoned = true
    this.#readOn()
    this.#channel?.close()
    this.#options.onAbandoned(ended.catch(() => {}))
  }

  #error(
    code: HostErrorCode,
    found: string,
    more: Pick<HostErrorOptions, 'cause' | 'details'> = {},
  ): HostError {
    const { address } = this.#options
    const shown = this.#command.length > 80 ? `${this.#command.slice(0, 77)}…` : this.#command
    return new HostError(code, `${address}: "${shown}" ${found}`, { address, ...more })
  }
}

const mostAttempts = 10

/** sshd frees a session a moment after its channel closed, and until then may refuse a new one. */
function isCrowded(error: Error): boolean {
  return 'reason' in error
}
