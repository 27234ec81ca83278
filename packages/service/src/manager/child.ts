/**
 * One child process as its manager sees it. It is in exactly one state, and tells by two promises when it becomes ready
 * and how it ended.
 */
import { type ChildProcess, fork } from 'node:child_process'
import {
  type Figures,
  type FromChild,
  isFromChild,
  type ReportedError,
  type ToChild,
} from './child-messages.ts'
import { childVariable } from './managed.ts'

/** Where a child process is in its life. */
export type ChildState = 'starting' | 'running' | 'stopping' | 'gone'

/** How a child ended, as far as its manager could learn. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it said it died of. */
  readonly error: ReportedError | undefined
  /** For how many milliseconds it had been ready; 0 when it never was. */
  readonly readyFor: number
  /** True when it was asked to stop. */
  readonly wasAsked: boolean
}

/** A running copy of this program that runs the service. */
export class Child {
  /** True as soon as it is ready; false when it ends before that. */
  readonly ready: Promise<boolean>
  readonly gone: Promise<Exit>
  readonly #process: ChildProcess
  readonly #ready = Promise.withResolvers<boolean>()
  readonly #gone = Promise.withResolvers<Exit>()
  readonly #onStray: (error: ReportedError) => void
  #figures = Promise.withResolvers<Figures>()
  #state: ChildState = 'starting'
  #readySince: number | undefined
  #error: ReportedError | undefined

  constructor(manager: number, options: { onStray: (error: ReportedError) => void }) {
    this.ready = this.#ready.promise
    this.gone = this.#gone.promise
    this.#onStray = options.onStray
    this.#process = startAgain(manager)
    this.#process.on('message', (message) => isFromChild(message) && this.#hear(message))
    this.#process.on('exit', (code, signal) => this.#end({ code, signal }))
    this.#process.on('error', (error) => this.#fail(error))
  }

  get state(): ChildState {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Asks it to finish what it has in hand and to end. Asking again changes nothing. */
  drain(): void {
    if (this.#state === 'gone' || this.#state === 'stopping') return
    this.#state = 'stopping'
    this.#tell({ commissaire: 'drain' })
  }

  /** Ends it at once, whatever it is doing. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** What it has counted; undefined when it is not there to say. */
  async figures(timeout: number): Promise<Figures | undefined> {
    if (this.#state !== 'running') return undefined
    this.#tell({ commissaire: 'metrics' })
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), timeout).unref())
    return Promise.race([this.#figures.promise, late, this.gone.then(() => undefined)])
  }

  #tell(message: ToChild): void {
    if (this.#process.connected) this.#process.send(message, () => {})
  }

  #hear(message: FromChild): void {
    if (message.commissaire === 'ready') this.#becomeReady()
    else if (message.commissaire === 'stopping') this.#stopByItself()
    else if (message.commissaire === 'metrics') this.#takeFigures(message.figures)
    else if (message.fatal) this.#error = message.error
    else this.#onStray(message.error)
  }

  #becomeReady(): void {
    if (this.#state === 'starting') this.#state = 'running'
    this.#readySince = performance.now()
    this.#ready.resolve(true)
  }

  #stopByItself(): void {
    if (this.#state !== 'gone') this.#state = 'stopping'
  }

  #takeFigures(figures: Figures): void {
    this.#figures.resolve(figures)
    this.#figures = Promise.withResolvers()
  }

  /** The program could not even be started. */
  #fail(error: Error): void {
    this.#error ??= { type: error.name, message: error.message, stack: error.stack }
    if (this.#process.pid === undefined) this.#end({ code: null, signal: null })
  }

  #end({ code, signal }: Pick<Exit, 'code' | 'signal'>): void {
    if (this.#state === 'gone') return
    const readyFor = this.#readySince === undefined ? 0 : performance.now() - this.#readySince
    const wasAsked = this.#state === 'stopping'
    this.#state = 'gone'
    this.#ready.resolve(false)
    this.#gone.resolve({ code, signal, error: this.#error, readyFor, wasAsked })
  }
}

/** The same program, with the same arguments and the same options of Node, told whose child it is. */
function startAgain(manager: number): ChildProcess {
  const [, program, ...args] = process.argv
  if (program === undefined) {
    throw new Error(
      'ServiceManager starts its program again for each child, and this process has no program file',
    )
  }
  return fork(program, args, { env: { ...process.env, [childVariable]: String(manager) } })
}
