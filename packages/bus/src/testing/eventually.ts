/** Waits for a condition with a deadline, so that no check sleeps. */

/** Resolves when the condition holds. Rejects with its description when it does not hold within `within` ms. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { within = 10_000 }: { within?: number } = {},
): Promise<void> {
  const end = Date.now() + within
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`timed out after ${within} ms waiting until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Returns a promise and the function that resolves it. */
export function deferred<T = void>(): {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
} {
  const { promise, resolve } = Promise.withResolvers<T>()
  return { promise, resolve }
}
