/** The defaults of the watcher. Times are milliseconds. */
export const watcherDefaults = {
  /** Between two checks of a host. */
  interval: 60_000,
  /** How many hosts are checked at a time. */
  concurrency: 64,
  /** How long one check may take. */
  patience: 10_000,
  /** Between two readings of a host's facts. */
  lookCloserAfter: 60 * 60_000,
  /** How long an investigation may take before it is requested again. */
  stuckAfter: 10 * 60_000,
} as const
