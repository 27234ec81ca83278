/** Waits for a condition, and says after the deadline what it waited for. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves with the first answer that is not undefined, null or false. */
export async function until<T>(
  what: string | (() => string),
  condition: () => T | Promise<T>,
  { timeout = 60_000 }: { timeout?: number } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeout
  for (;;) {
    const answer = await condition()
    if (answer !== undefined && answer !== null && answer !== false) return answer
    if (performance.now() > deadline)
      throw new Error(`waited ${timeout} ms in vain until ${typeof what === 'string' ? what : what()}`)
    await sleep(20)
  }
}
