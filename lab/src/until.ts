/**
 * Waits for a condition, with a deadline: the only way anything in the lab waits.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from './errors.ts'

export interface UntilOptions {
  /** Completes "… did not happen: ", as in "web1 answers on port 22". */
  readonly what: string
  /** Milliseconds; default 30 seconds. */
  readonly timeout?: number
  /** Milliseconds between two looks. */
  readonly interval?: number
  readonly signal?: AbortSignal
}

/** Asks `condition` again and again until it gives something other than false or undefined, and returns that. */
export async function until<T>(
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  options: UntilOptions,
): Promise<T> {
  const { what, timeout = 30_000, interval = 25, signal } = options
  const end = performance.now() + timeout
  for (;;) {
    const found = await condition()
    if (found !== false && found !== undefined) return found
    if (performance.now() > end)
      throw new LabError('timeout', `Waited ${timeout / 1000} s in vain until ${what}.`)
    await delay(interval, undefined, signal && { signal })
  }
}
