/** Numbers of hosts, given as a number or as a percentage. */
import type { Amount } from '@commissaire/models'

/** How many of `total` that is. A part is rounded down, but something stays something: 1 % of ten hosts is one host. */
export function amountOf(amount: Amount, total: number): number {
  if (typeof amount === 'number') return amount
  const part = Number.parseFloat(amount) / 100
  return part === 0 ? 0 : Math.max(1, Math.floor(part * total))
}
