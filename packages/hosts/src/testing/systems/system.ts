/** What is particular about a system's answer to the probe, and what a reader of it must find. */
import type { Family } from '../../facts/family.ts'

/** One system. */
export interface System {
  readonly lines: readonly string[]
  readonly family: Family
  readonly osName: string
  readonly reboot: 'yes' | 'no' | 'unknown' | 'not_applicable'
}
