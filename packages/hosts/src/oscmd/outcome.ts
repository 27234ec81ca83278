/** Interprets exit statuses: a table for each command, and an error for statuses that are not in it. */
import type { RebootNeed } from '../facts/reboot-need.ts'
import type { CommandResult } from '../remote.ts'
import type { Outcome } from './commands.ts'

/** What is left of an outcome when its reason is found elsewhere. */
type Plain = Exclude<Outcome['kind'], 'failed'>

/** Reads statuses by a table; 0 is `done` unless it says otherwise, and what it does not name failed. */
export function byStatus(table: Readonly<Record<number, Plain>> = {}): (result: CommandResult) => Outcome {
  return (result) => {
    const kind =
      result.code === null ? undefined : (table[result.code] ?? (result.code === 0 ? 'done' : undefined))
    return kind ? { kind } : failed(result)
  }
}

/** A failure, told by the last words of the command. */
export function failed({ code, signal, stdout, stderr }: CommandResult): Outcome {
  const how = signal ? `was ended by signal ${signal}` : `ended with status ${code}`
  const words = lastLines(stderr) || lastLines(stdout)
  return { kind: 'failed', reason: words ? `${how}: ${words}` : how }
}

/** A reader of yes and no, in which every other status, and a missing tool, is unknown. */
export function needByStatus(
  source: string,
  answers: Readonly<Record<number, 'yes' | 'no'>>,
): (result: CommandResult) => RebootNeed {
  return (result) => {
    const answer = result.code === null ? undefined : answers[result.code]
    if (answer) return { answer, reason: `${source} says ${answer}`, source }
    const reason =
      result.code === 127 ? `${source} is not installed` : `${source} ended with status ${result.code}`
    return { answer: 'unknown', reason, source }
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' / ').slice(-400)
}
