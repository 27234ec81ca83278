/** The differences of a system's answer to the probe, and the facts that must be read from it. */
import type { Family } from '../../facts/family.ts'

/** One system. */
export interface System {
  readonly lines: readonly string[]
  readonly family: Family
  readonly osName: string
  readonly reboot: 'yes' | 'no' | 'unknown' | 'not_applicable'
}
