/** The waves at the beginning of an operation: a few hosts first, then more. */
import type { Amount } from '@commissaire/models'

import { amountOf } from './amount.ts'

/**
 * How many hosts may have begun, all in all, when so many have ended: up to the end of the present wave, which has to be
 * over before the next one begins. The last size holds for all further waves.
 */
export function begunAtMost(
  ramp: readonly Amount[],
  { ended, total }: { ended: number; total: number },
): number {
  let end = 0
  for (const size of ramp) {
    end += sizeOf(size, total)
    if (ended < end) return end
  }
  const last = ramp.at(-1)
  if (last === undefined) return total
  const size = sizeOf(last, total)
  return end + size * (Math.floor((ended - end) / size) + 1)
}

function sizeOf(amount: Amount, total: number): number {
  return Math.max(1, amountOf(amount, total))
}
