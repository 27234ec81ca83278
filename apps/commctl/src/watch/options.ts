/** The options of every command after which one can stay and watch. */
import type { OptionRow } from '../cli/command.ts'

const interval: OptionRow = {
  flags: '--interval <SECONDS>',
  text: 'how often to look where the server does not tell what happens (default: 1)',
}

/** Options of a command that can watch. */
export const watchOptions: readonly OptionRow[] = [
  {
    flags: '-w, --watch',
    text: 'stay and show the progress of each host; status 0 when it finished, 3 when it failed, paused or was cancelled',
  },
  interval,
]

/** Options of a command that does nothing else. */
export const watchingOptions: readonly OptionRow[] = [interval]
