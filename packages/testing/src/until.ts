/** Waits for a condition, with a deadline. */
import { setTimeout as pause } from 'node:timers/promises'

/** How a condition is waited for. Times are milliseconds. */
export interface UntilOptions {
  /** Default: 30 seconds. */
  readonly timeout?: number | undefined
  /** The pause between two looks; default 20. */
  readonly interval?: number
  /** What was seen last, for the message of the error. */
  readonly seen?: (() => unknown) | undefined
}

/**
 * Resolves with the first value of the condition that is not undefined, null or false. Throws after the timeout, with `what`
 * was waited for.
 * @example await until(() => text.includes('ready'), 'the program is ready')
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string | (() => string) = 'a condition holds',
  { timeout = 30_000, interval = 20, seen }: UntilOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const end = performance.now() + timeout
  for (;;) {
    const value = await condition()
    if (isThere(value)) return value
    if (performance.now() > end) throw new Error(timeoutMessage(what, { timeout, seen }))
    await pause(interval)
  }
}

function isThere<T>(value: T): value is Exclude<T, undefined | null | false> {
  return value !== undefined && value !== null && value !== false
}

function timeoutMessage(
  what: string | (() => string),
  { timeout, seen }: { timeout: number; seen: (() => unknown) | undefined },
): string {
  const last = seen ? `; last seen: ${JSON.stringify(seen())}` : ''
  return `Waited ${timeout / 1000} s in vain until ${typeof what === 'string' ? what : what()}${last}`
}
