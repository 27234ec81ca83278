/**
 * A child process of the manager. It is in exactly one state at a time; two promises resolve when it becomes ready and
 * when it has ended.
 */
import { type ChildProcess, fork } from 'node:child_process'
import {
  type ProcessMetrics,
  type MessageFromChild,
  isMessageFromChild,
  type ReportedError,
  type MessageToChild,
} from './child-messages.ts'
import { managerVariable } from './run-as-child.ts'

/** The states of a child process. */
export type ChildState = 'starting' | 'running' | 'stopping' | 'gone'

/** How a child process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The fatal error that the child reported, if it reported one. */
  readonly error: ReportedError | undefined
  /** For how many milliseconds the child was ready; 0 when it never was. */
  readonly readyFor: number
}

/** A child process that runs this program again, as a worker of the manager. */
export class Child {
  /** Resolves to true when the child becomes ready, to false when it ends before that. */
  readonly ready: Promise<boolean>
  /** Resolves when the child has ended. */
  readonly gone: Promise<Exit>
  readonly #process: ChildProcess
  readonly #ready = Promise.withResolvers<boolean>()
  readonly #gone = Promise.withResolvers<Exit>()
  readonly #onRejection: (error: ReportedError) => void
  #metrics = Promise.withResolvers<ProcessMetrics>()
  #state: ChildState = 'starting'
  #readySince: number | undefined
  #error: ReportedError | undefined

  constructor(manager: number, options: { onRejection: (error: ReportedError) => void }) {
    this.ready = this.#ready.promise
    this.gone = this.#gone.promise
    this.#onRejection = options.onRejection
    this.#process = forkProgram(manager)
    this.#process.on('message', (message) => isMessageFromChild(message) && this.#receive(message))
    this.#process.on('exit', (code, signal) => this.#onExit({ code, signal }))
    this.#process.on('error', (error) => this.#onSpawnError(error))
  }

  get state(): ChildState {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Asks the child to finish the messages it works on and to exit. Further calls do nothing. */
  drain(): void {
    if (this.#state === 'gone' || this.#state === 'stopping') return
    this.#state = 'stopping'
    this.#send({ commissaire: 'drain' })
  }

  /** Kills the child at once. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** The metrics of the child; undefined when it does not answer within `timeout` milliseconds. */
  async metrics(timeout: number): Promise<ProcessMetrics | undefined> {
    if (this.#state !== 'running') return undefined
    this.#send({ commissaire: 'metrics' })
    const timedOut = new Promise<undefined>((resolve) =>
      setTimeout(() => resolve(undefined), timeout).unref(),
    )
    return Promise.race([this.#metrics.promise, timedOut, this.gone.then(() => undefined)])
  }

  #send(message: MessageToChild): void {
    if (this.#process.connected) this.#process.send(message, () => {})
  }

  #receive(message: MessageFromChild): void {
    if (message.commissaire === 'ready') this.#markReady()
    else if (message.commissaire === 'stopping') this.#markStopping()
    else if (message.commissaire === 'metrics') this.#resolveMetrics(message.metrics)
    else if (message.fatal) this.#error = message.error
    else this.#onRejection(message.error)
  }

  #markReady(): void {
    if (this.#state === 'starting') this.#state = 'running'
    this.#readySince = performance.now()
    this.#ready.resolve(true)
  }

  #markStopping(): void {
    if (this.#state !== 'gone') this.#state = 'stopping'
  }

  #resolveMetrics(metrics: ProcessMetrics): void {
    this.#metrics.resolve(metrics)
    this.#metrics = Promise.withResolvers()
  }

  /** Called when the program could not be started. */
  #onSpawnError(error: Error): void {
    this.#error ??= { type: error.name, message: error.message, stack: error.stack }
    if (this.#process.pid === undefined) this.#onExit({ code: null, signal: null })
  }

  #onExit({ code, signal }: Pick<Exit, 'code' | 'signal'>): void {
    if (this.#state === 'gone') return
    const readyFor = this.#readySince === undefined ? 0 : performance.now() - this.#readySince
    this.#state = 'gone'
    this.#ready.resolve(false)
    this.#gone.resolve({ code, signal, error: this.#error, readyFor })
  }
}

/** Starts this program with the same arguments and Node options, and passes the manager's number to it. */
function forkProgram(manager: number): ChildProcess {
  const [, program, ...args] = process.argv
  if (program === undefined) {
    throw new Error(
      'ServiceManager starts its program again for each child, and this process has no program file',
    )
  }
  return fork(program, args, { env: { ...process.env, [managerVariable]: String(manager) } })
}
