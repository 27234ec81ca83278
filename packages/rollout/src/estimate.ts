/** Estimates how long the work on a host takes, from how long it took before. */

/** What is known of earlier turns, in milliseconds, the latest last. */
export interface History {
  /** Of this very host. */
  readonly own: readonly number[]
  /** Of all hosts for this kind of operation. */
  readonly all: readonly number[]
}

/** The worst of the last few turns of this host; else what nine of ten hosts took at most; undefined without history. */
export function estimate({ own, all }: History): number | undefined {
  if (own.length > 0) return Math.max(...own.slice(-RECENT))
  if (all.length === 0) return undefined
  const sorted = all.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.9))]
}

const RECENT = 3
