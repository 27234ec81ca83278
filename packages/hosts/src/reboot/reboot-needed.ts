/**
 * Asks a host whether it needs a reboot, and which services run on files that were replaced: in one round trip, by the
 * family's own tool and by the signs that lie about.
 *
 * A tool that is missing never counts as a no. What stands in for it are the kernels that are installed: where a newer
 * one than the running waits, that is a yes; that the newest runs is a no only where the tool would have looked at
 * nothing else.
 */
import type { CarryOutOptions } from '../updates/carry-out.ts'
import { Answer, answerLines } from '../facts/answer.ts'
import type { Facts } from '../facts/facts.ts'
import type { Family } from '../facts/family.ts'
import { preamble, rebootSigns } from '../facts/probe.ts'
import { needBySigns, type RebootNeed } from '../facts/reboot-need.ts'
import { isContainer } from '../facts/virtualization.ts'
import { oscmd } from '../oscmd/oscmd.ts'
import type { CommandResult, Remote } from '../remote.ts'
import { runTogether } from '../command/run-together.ts'

/** Whether a host needs a reboot, and what can be restarted in place of it. */
export interface RebootReport extends RebootNeed {
  /** Services that run on files which were replaced; undefined where nobody can tell. */
  readonly services: readonly string[] | undefined
}

/** Five minutes: dnf may have to read its whole database first. */
const patience = 5 * 60_000

/** The command that looks for signs. */
export const signsCommand = `${preamble}${rebootSigns}
line kernel /proc/sys/kernel/osrelease; reboot_signs 2>/dev/null; true`

/** Asks. Facts say which kind of host it is; what may have changed since they were gathered is asked again. */
export async function rebootNeeded(
  remote: Remote,
  facts: Facts,
  { signal }: CarryOutOptions = {},
): Promise<RebootReport> {
  if (!facts.family) return { ...facts.rebootNeed, services: undefined }
  const commands = oscmd(facts)
  const [tool, services] = [commands.rebootNeed(), commands.servicesToRestart()]
  const sudo = facts.privilege.level === 'sudo'
  const asked = [tool.run, services.run, signsCommand]
  const options = { sudo, timeout: patience, ...(signal && { signal }) }
  const [toolEnd = none, servicesEnd = none, signsEnd = none] = await runTogether(remote, asked, options)
  const need = decide(tool.read(toolEnd), signsEnd, facts)
  return { ...need, services: services.read(servicesEnd) }
}

function decide(byTool: RebootNeed, signsEnd: CommandResult, facts: Facts): RebootNeed {
  const signs = new Answer(answerLines(signsEnd.stdout.split('\n')))
  const kernel = signs.get('kernel')
  if (byTool.answer !== 'unknown' || kernel === undefined) return byTool
  const { family, image, virtualization } = facts
  const bySigns = needBySigns(signs, { family, kernel, isContainer: isContainer(virtualization), image })
  if (bySigns.answer !== 'no' || !family || !looksFurther.has(family)) return bySigns
  return { ...byTool, reason: `${byTool.reason}; ${bySigns.reason}, but replaced libraries would not show` }
}

/** Whose tools look at more than the kernel. */
const looksFurther: ReadonlySet<Family> = new Set(['dnf', 'dnf5', 'yum', 'zypper'])

const none: CommandResult = { code: null, signal: null, stdout: '', stderr: '', truncated: false, ms: 0 }
