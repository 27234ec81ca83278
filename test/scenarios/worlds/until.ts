/** Waits for what a scenario expects. */
import { setTimeout as pause } from 'node:timers/promises'

/** Looks until there is something, and gives it; fails with the sentence, and what was seen last, when time is up. */
export async function until<T>(
  sentence: string,
  look: () => T | undefined | Promise<T | undefined>,
  { timeout = 30_000, seen }: { timeout?: number; seen?: () => unknown } = {},
): Promise<T> {
  const end = performance.now() + timeout
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) {
      const last = seen ? `; last seen: ${JSON.stringify(seen())}` : ''
      throw new Error(`Waited ${timeout / 1000} s in vain until ${sentence}${last}`)
    }
    await pause(50)
  }
}
