/** How much is set aside for one queue before the oldest is dropped. */

/** The bounds of `<queue>.dead`, on every transport. */
export const deadLetterLimits = {
  /** Messages. */
  messages: 10_000,
  /** Bytes of bodies, and on brokers of what they take beside that. */
  bytes: 64 * 2 ** 20,
} as const
