/** Waiting for a condition, with a deadline; how the checks avoid sleeping. */

/** Resolves as soon as the condition holds. Rejects with what was waited for when it does not within `within` ms. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { within = 10_000 }: { within?: number } = {},
): Promise<void> {
  const end = Date.now() + within
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${within} ms in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A promise and the function that resolves it. */
export function signalled<T = void>(): {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
} {
  const { promise, resolve } = Promise.withResolvers<T>()
  return { promise, resolve }
}
