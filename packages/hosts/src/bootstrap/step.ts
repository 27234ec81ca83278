/** A bootstrap step: a check and, where something can be done, an action. */
import type { CarryOutOptions } from '../updates/carry-out.ts'
import type { OsCommand } from '../oscmd/commands.ts'
import type { Remote } from '../remote.ts'

/** One step. Its check answers with what is wrong, or undefined when all is well. */
export interface Step {
  readonly name: string
  readonly check: (remote: Remote, options: CarryOutOptions) => Promise<string | undefined>
  /** What puts it right; without one a failed check is final. */
  readonly action?: OsCommand
  /** What the action does, for a plan: `installs docker.io`. */
  readonly does?: string
  /** Why it is not for this host; then it is neither checked nor taken. */
  readonly notHere?: string
}

/** A step that this host does not take, and why. */
export function notHere(name: string, why: string): Step {
  return { name, notHere: why, check: async () => undefined }
}

/** A check by a command that is run as root: its status 0 says that all is well. */
export function checkedBy(command: string, wrong: string, { timeout = 60_000 } = {}): Step['check'] {
  return async (remote, { signal }) => {
    const { code, stdout } = await remote.run(command, { sudo: true, timeout, ...(signal && { signal }) })
    return code === 0 ? undefined : stdout.trim().slice(-200) || wrong
  }
}
