/**
 * The sign of Arch and Alpine: an upgrade removes the modules of the kernel that runs.
 *
 * A kernel with everything built in never had any, so that only a directory of another version counts as a yes.
 */
import type { RebootNeed } from '../facts/reboot-need.ts'
import type { CommandResult } from '../remote.ts'

/** Asks which kernel runs, and of which there are modules. */
export const modulesQuestion = 'uname -r; for d in /lib/modules/*/; do [ -d "$d" ] && echo "$d"; done; true'

/** Reads the answer. */
export function readModules({ code, stdout }: CommandResult): RebootNeed {
  const source = '/lib/modules'
  const [kernel = '', ...directories] = stdout.trim().split('\n')
  const others = directories.map((path) => path.split('/').at(-2) ?? '')
  if (code !== 0 || !kernel) return { answer: 'unknown', reason: 'the host did not say', source }
  if (others.includes(kernel))
    return { answer: 'no', reason: `the modules of the running ${kernel} are in place`, source }
  if (others.length === 0)
    return { answer: 'unknown', reason: 'there are no kernel modules to judge by', source }
  return {
    answer: 'yes',
    reason: `the modules of the running ${kernel} were replaced by ${others.join(', ')}`,
    source,
  }
}
