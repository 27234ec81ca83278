/** A program of ours as a process of its own, which is killed as power cuts kill, and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { until } from '@commissaire/testing'

const root = resolve(import.meta.dirname, '../../..')

/** One process, again and again with the same arguments. */
export class Program implements AsyncDisposable {
  /** All that it has logged, in all its lives. */
  log = ''
  readonly #bin: string
  readonly #args: readonly string[]
  readonly #readyWord: string
  #process: ChildProcess | undefined

  constructor(bin: string, args: readonly string[], { readyWord }: { readyWord: string }) {
    this.#bin = bin
    this.#args = args
    this.#readyWord = readyWord
  }

  /** Starts it, and waits until it says that it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [resolve(root, this.#bin), ...this.#args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    this.#process = child
    const before = this.log.length
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.log += text))
    await until(() => this.#isReady(child, before), `${this.#bin} is ready`, {
      timeout: 60_000,
      seen: () => this.log.slice(-2000),
    })
  }

  /** The process that it is now; undefined while it is dead. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Sends it a signal, and does not wait for what comes of it. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  /** Ends it at once. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  /** Lets it end in peace. */
  async [Symbol.asyncDispose](): Promise<void> {
    const impatient = setTimeout(() => void this.kill(), 5000)
    await this.kill('SIGTERM')
    clearTimeout(impatient)
  }

  #isReady(child: ChildProcess, before: number): true | undefined {
    if (child.exitCode !== null) throw new Error(`${this.#bin} ended with ${child.exitCode}:\n${this.log}`)
    return this.log.slice(before).includes(this.#readyWord) || undefined
  }
}
