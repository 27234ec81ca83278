/** A program in a process of its own: its lines, its signals, its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { until } from '@commissaire/testing'

/** A line of its log. */
export type Line = Readonly<Record<string, unknown>> & { readonly msg: string }

/** How it ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** How a program is started. */
export interface Way {
  readonly environment?: NodeJS.ProcessEnv
  /** Options of Node; default those that run the sources. */
  readonly options?: readonly string[]
}

const fromSources = ['--conditions=@commissaire/source']

/** A running program; disposing of it ends it and whatever it started. */
export class Program implements AsyncDisposable {
  readonly lines: Line[] = []
  /** What it wrote that is no log. */
  readonly text: string[] = []
  readonly ended: Promise<End>
  readonly #process: ChildProcess

  constructor(
    file: string,
    args: readonly string[] = [],
    { environment = {}, options = fromSources }: Way = {},
  ) {
    const command = [...options, file, ...args]
    const env = { ...process.env, ...environment }
    // A group of its own, so that nothing it started outlives the test.
    this.#process = spawn(process.execPath, command, {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#read(line))
    }
    this.ended = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => resolve({ code, signal }))
    })
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** The first line of the log with that text in it, now or later. */
  said(text: string | RegExp, count = 1): Promise<Line> {
    const fits = (line: Line) => (typeof text === 'string' ? line.msg.includes(text) : text.test(line.msg))
    const what = () =>
      `the program says ${String(text)}; it said:\n${[...this.lines.map(({ msg }) => msg), ...this.text].join('\n')}`
    return until(() => this.lines.filter(fits)[count - 1], what)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
    await this.ended
  }

  #read(line: string): void {
    if (line.startsWith('{"level"')) this.lines.push(JSON.parse(line) as Line)
    else this.text.push(line)
  }
}
