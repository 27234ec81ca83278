/**
 * Waits for a request to stop: SIGTERM, SIGINT, an AbortSignal or, in a child of the manager, a message of the manager.
 * A second signal ends the process at once, with the exit status of that signal.
 */
import type { Logger } from '@commissaire/bus'

const signals = ['SIGTERM', 'SIGINT'] as const

/** How many milliseconds longer a process has to exit than its service has to drain. */
export const exitGrace = 5_000

/** Exits with status 1 if the process has not ended after `milliseconds`. The timer does not keep the process alive. */
export function exitAfter(milliseconds: number, { log, by }: { log: Logger; by: string }): void {
  const exit = (): never => {
    log.error(
      { by, milliseconds },
      `this process did not end within ${milliseconds} ms after ${by} and was ended with status 1`,
    )
    process.exit(1)
  }
  setTimeout(exit, milliseconds).unref()
}

/** A request that this process stops. */
export class StopRequest implements Disposable {
  /** Resolves with the source of the request: the name of a signal, or `abort`. */
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

  /** Requests the stop, as a first signal does. Further calls do nothing. */
  ask(by: string): void {
    this.#isAsked = true
    this.#ask(by)
  }

  /** Restores the default handling of the signals. */
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
