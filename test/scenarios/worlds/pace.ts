/** How quick everything is in scenarios, in seconds; the defaults are for people and real machines. */
export const pace = {
  /** Without a sign of life for so long, the worker of an operation is taken for dead. */
  lease: 3,
  watchInterval: 1,
  /** How long an investigation may take before it is asked for again. */
  stuckAfter: 4,
  returnTimeout: 4,
  settleTime: 0.1,
} as const
