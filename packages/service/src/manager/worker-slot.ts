/**
 * A slot for one worker process of the manager: starts its child, restarts it when it ends, and can replace it by a new
 * one that is ready before the old one drains.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@commissaire/bus'
import { Backoff, type RestartPolicy } from './backoff.ts'
import type { Child, Exit } from './child.ts'

/** What the manager passes to a worker slot. */
export interface WorkerSlotOptions {
  readonly start: () => Child
  readonly log: Logger
  readonly restart: RestartPolicy
  readonly readyTimeout: number
  /** How many milliseconds a child may take to drain before it is killed. */
  readonly stopTimeout: number
  /** Aborted when the manager stops. */
  readonly signal: AbortSignal
}

/** Keeps one child process running until the manager stops. */
export class WorkerSlot {
  /** Resolves when a child of this slot is ready for the first time. */
  readonly ready: Promise<void>
  readonly #number: number
  readonly #options: WorkerSlotOptions
  readonly #backoff: Backoff
  readonly #ready = Promise.withResolvers<void>()
  #child: Child
  #replacement: Child | undefined
  #restarts = 0

  constructor(number: number, options: WorkerSlotOptions) {
    this.ready = this.#ready.promise
    this.#number = number
    this.#options = options
    this.#backoff = new Backoff(options.restart)
    this.#child = this.#start()
  }

  /** The current child. */
  get child(): Child {
    return this.#child
  }

  /** How often a child of this slot ended and was started again. */
  get restarts(): number {
    return this.#restarts
  }

  /** Restarts children that end, until the manager stops and the last child has ended. */
  async run(): Promise<void> {
    const { signal } = this.#options
    for (;;) {
      const child = this.#child
      const exit = await child.gone
      if (child !== this.#child) continue
      if (signal.aborted) return this.#logExit(child, exit)
      const delay = this.#backoff.delayAfter(exit.readyFor)
      this.#logRestart(child, { exit, delay })
      await sleep(delay, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      if (child !== this.#child) continue
      this.#restarts++
      this.#child = this.#start()
    }
  }

  /** Starts another child and drains the current one once that is ready. Returns false when the new one never became ready. */
  async replace(): Promise<boolean> {
    const next = this.#start()
    this.#replacement = next
    const isReady = await next.ready
    this.#replacement = undefined
    if (!isReady || this.#options.signal.aborted) return false
    const old = this.#child
    this.#child = next
    await this.#drain(old)
    this.#options.log.info({ child: this.#number, pid: next.pid, instead_of: old.pid }, 'replaced a process')
    return true
  }

  /** Drains the children of this slot and waits until they have ended; kills those that exceed the timeout. */
  async drain(): Promise<void> {
    const children = [this.#child, this.#replacement].filter((child) => child !== undefined)
    await Promise.all(children.map((child) => this.#drain(child)))
  }

  /** Kills the children of this slot at once. */
  kill(): void {
    this.#child.kill()
    this.#replacement?.kill()
  }

  #start(): Child {
    const { start, log, readyTimeout } = this.#options
    const child = start()
    const timer = setTimeout(() => {
      log.warn(this.#logFields(child), `a process was not ready within ${readyTimeout} ms and was killed`)
      child.kill()
    }, readyTimeout)
    void child.ready.then((isReady) => {
      clearTimeout(timer)
      if (!isReady) return
      log.info(this.#logFields(child), 'a process is ready')
      this.#ready.resolve()
    })
    return child
  }

  async #drain(child: Child): Promise<void> {
    const { log, stopTimeout } = this.#options
    child.drain()
    const timer = setTimeout(() => {
      log.warn(this.#logFields(child), `a process did not end within ${stopTimeout} ms and was killed`)
      child.kill()
    }, stopTimeout)
    await child.gone
    clearTimeout(timer)
  }

  #logFields(child: Child): { child: number; pid: number | undefined } {
    return { child: this.#number, pid: child.pid }
  }

  #logExit(child: Child, { code, signal }: Exit): void {
    this.#options.log.info({ ...this.#logFields(child), code, signal }, 'a process has ended')
  }

  #logRestart(child: Child, { exit, delay }: { exit: Exit; delay: number }): void {
    const { code, signal, error, readyFor } = exit
    const end = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
    const when = readyFor === 0 ? ' before it was ready' : ''
    const why = error === undefined ? '' : `: ${error.type}: ${error.message}`
    const next = delay === 0 ? 'starting another at once' : `starting another in ${delay} ms`
    const fields = {
      ...this.#logFields(child),
      code,
      signal,
      delay,
      ...(error !== undefined && { err: error }),
    }
    this.#options.log.error(fields, `a process ${end}${when}${why}; ${next}`)
  }
}
