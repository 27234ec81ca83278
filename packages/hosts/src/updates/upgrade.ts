/** Upgrades a host of any family. Does not reboot; reports whether a reboot is needed. */
import { carryOut, type CarryOutOptions } from './carry-out.ts'
import type { Facts } from '../facts/facts.ts'
import type { RebootNeed } from '../facts/reboot-need.ts'
import { oscmd } from '../oscmd/oscmd.ts'
import { checkReady } from './ready.ts'
import { rebootNeeded } from '../reboot/reboot-needed.ts'
import type { Remote } from '../remote.ts'

/** What changing a host's system led to. */
export interface ChangeReport {
  /** Whether anything changed. */
  readonly outcome: 'done' | 'nothing'
  readonly rebootNeed: RebootNeed
  readonly ms: number
}

/** Upgrades everything on the host. Throws before touching it where that cannot go well. */
export async function upgradeHost(
  remote: Remote,
  facts: Facts,
  options: CarryOutOptions = {},
): Promise<ChangeReport> {
  const started = performance.now()
  const { signal } = options
  const commands = oscmd(facts)
  checkReady(facts)
  if (commands.kind === 'packages') await carryOut(remote, commands.refresh(), options)
  const outcome = await carryOut(remote, commands.upgrade(), options)
  const rebootNeed = await rebootNeeded(remote, facts, signal ? { signal } : {})
  return { outcome, rebootNeed, ms: Math.round(performance.now() - started) }
}
