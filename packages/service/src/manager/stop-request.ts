/**
 * Waits to be asked to stop: by SIGTERM, by SIGINT, by an AbortSignal, or, in a child of the manager, by the manager.
 * The first asks; a second signal ends the process at once, with the status that belongs to that signal.
 */
import type { Logger } from '@commissaire/bus'

const signals = ['SIGTERM', 'SIGINT'] as const

/** Ends the process with status 1 when it has not ended by itself until then. Does not keep it up. */
export function endAfter(milliseconds: number, { log, by }: { log: Logger; by: string }): void {
  const end = (): never => {
    log.error({ by, milliseconds }, `${by} came, and this process did not end in time; it is ended now`)
    process.exit(1)
  }
  setTimeout(end, milliseconds).unref()
}

/** Somebody's wish that this process ends. */
export class StopRequest implements Disposable {
  /** Resolves with what asked: the name of a signal, or a word. */
  readonly asked: Promise<string>
  readonly #ask: (by: string) => void
  readonly #beforeEnd: () => void
  #isAsked = false

  constructor(options: { signal?: AbortSignal | undefined; beforeEnd?: () => void } = {}) {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.asked = promise
    this.#ask = resolve
    this.#beforeEnd = options.beforeEnd ?? (() => {})
    for (const each of signals) process.on(each, this.#onSignal)
    if (options.signal?.aborted === true) this.ask('abort')
    options.signal?.addEventListener('abort', () => this.ask('abort'), { once: true })
  }

  /** Asks, as a first signal would. Asking again changes nothing. */
  ask(by: string): void {
    this.#isAsked = true
    this.#ask(by)
  }

  /** Gives the signals back their usual meaning. */
  [Symbol.dispose](): void {
    for (const each of signals) process.removeListener(each, this.#onSignal)
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (!this.#isAsked) return this.ask(signal)
    this.#beforeEnd()
    this[Symbol.dispose]()
    process.kill(process.pid, signal)
  }
}
