/**
 * One place in the manager's row of processes. It has a child, replaces it when it ends, and can change it for a new one
 * that is ready before the old one drains.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@commissaire/bus'
import { Backoff, type RestartPolicy } from './backoff.ts'
import type { Child, Exit } from './child.ts'

/** What a place is given by its manager. */
export interface PlaceOptions {
  readonly start: () => Child
  readonly log: Logger
  readonly restart: RestartPolicy
  readonly readyTimeout: number
  /** How long a child that drains may take before it is killed. */
  readonly stopTimeout: number
  /** Aborted when the manager stops. */
  readonly signal: AbortSignal
}

/** A place that is filled as long as the manager runs. */
export class Place {
  /** Resolves when a child of this place was ready for the first time. */
  readonly ready: Promise<void>
  readonly #number: number
  readonly #options: PlaceOptions
  readonly #backoff: Backoff
  readonly #ready = Promise.withResolvers<void>()
  #child: Child
  #successor: Child | undefined
  #restarts = 0

  constructor(number: number, options: PlaceOptions) {
    this.ready = this.#ready.promise
    this.#number = number
    this.#options = options
    this.#backoff = new Backoff(options.restart)
    this.#child = this.#start()
  }

  get child(): Child {
    return this.#child
  }

  /** How often a child of this place ended and was replaced. */
  get restarts(): number {
    return this.#restarts
  }

  /** Replaces whatever ends, until the manager stops and the last child is gone. */
  async keep(): Promise<void> {
    const { signal } = this.#options
    for (;;) {
      const child = this.#child
      const exit = await child.gone
      if (child !== this.#child) continue
      if (signal.aborted) return this.#logEnd(child, exit)
      const delay = this.#backoff.delayAfter(exit.readyFor)
      this.#logLoss(child, { exit, delay })
      await sleep(delay, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      if (child !== this.#child) continue
      this.#restarts++
      this.#child = this.#start()
    }
  }

  /** Starts another child and, once that is ready, drains the present one. False when the new one did not get ready. */
  async replace(): Promise<boolean> {
    const next = this.#start()
    this.#successor = next
    const isReady = await next.ready
    this.#successor = undefined
    if (!isReady || this.#options.signal.aborted) return false
    const old = this.#child
    this.#child = next
    await this.#drain(old)
    this.#options.log.info({ child: this.#number, pid: next.pid, instead_of: old.pid }, 'replaced a process')
    return true
  }

  /** Asks the children of this place to end, and waits; kills what takes too long. */
  async drain(): Promise<void> {
    const children = [this.#child, this.#successor].filter((child) => child !== undefined)
    await Promise.all(children.map((child) => this.#drain(child)))
  }

  /** Ends the children of this place at once. */
  kill(): void {
    this.#child.kill()
    this.#successor?.kill()
  }

  #start(): Child {
    const { start, log, readyTimeout } = this.#options
    const child = start()
    const late = setTimeout(() => {
      log.warn(this.#facts(child), `a process was not ready within ${readyTimeout} ms, and is killed`)
      child.kill()
    }, readyTimeout)
    void child.ready.then((isReady) => {
      clearTimeout(late)
      if (!isReady) return
      log.info(this.#facts(child), 'a process is ready')
      this.#ready.resolve()
    })
    return child
  }

  async #drain(child: Child): Promise<void> {
    const { log, stopTimeout } = this.#options
    child.drain()
    const late = setTimeout(() => {
      log.warn(this.#facts(child), `a process did not end within ${stopTimeout} ms, and is killed`)
      child.kill()
    }, stopTimeout)
    await child.gone
    clearTimeout(late)
  }

  #facts(child: Child): { child: number; pid: number | undefined } {
    return { child: this.#number, pid: child.pid }
  }

  #logEnd(child: Child, { code, signal }: Exit): void {
    this.#options.log.info({ ...this.#facts(child), code, signal }, 'a process has ended')
  }

  #logLoss(child: Child, { exit, delay }: { exit: Exit; delay: number }): void {
    const { code, signal, error, readyFor } = exit
    const end = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
    const when = readyFor === 0 ? ' before it was ready' : ''
    const why = error === undefined ? '' : `: ${error.type}: ${error.message}`
    const next = delay === 0 ? 'starting another at once' : `starting another in ${delay} ms`
    const facts = { ...this.#facts(child), code, signal, delay, ...(error !== undefined && { err: error }) }
    this.#options.log.error(facts, `a process ${end}${when}${why}; ${next}`)
  }
}
