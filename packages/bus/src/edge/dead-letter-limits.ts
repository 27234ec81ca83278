/** How many dead letters of a queue are kept before the oldest is dropped. */

/** The limits of `<queue>.dead`, on every transport. */
export const deadLetterLimits = {
  /** Messages. */
  messages: 10_000,
  /** Bytes of the bodies, and on brokers also of their overhead. */
  bytes: 64 * 2 ** 20,
} as const
