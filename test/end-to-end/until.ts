/** Waits for a condition with a deadline; nothing in these tests sleeps for a time instead. */
import { setTimeout as pause } from 'node:timers/promises'

/** Looks again and again until there is something, and gives it. Fails with the sentence after the time limit. */
export async function until<T>(
  look: () => Promise<T | false | undefined>,
  sentence: string,
  { timeout = 90_000 } = {},
): Promise<T> {
  const end = performance.now() + timeout
  for (;;) {
    const found = await look()
    if (found !== false && found !== undefined) return found
    if (performance.now() > end) throw new Error(`Waited ${timeout / 1000} s in vain until ${sentence}`)
    await pause(200)
  }
}
