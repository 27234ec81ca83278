/** Finds services that still use replaced files: many updates need a restart of these and no reboot. */
import type { CommandResult } from '../remote.ts'
import { minute, type Question } from './commands.ts'

type Services = Question<readonly string[] | undefined>

/** By a tool whose lines match; `statuses` are those with which it has answered. */
export function servicesBy(
  run: string,
  line: RegExp,
  { statuses = [0] }: { statuses?: number[] } = {},
): Services {
  const read = ({ code, stdout }: CommandResult): readonly string[] | undefined => {
    if (code === null || !statuses.includes(code)) return undefined
    const found = stdout.split('\n').flatMap((each) => line.exec(each)?.[1] ?? [])
    return [...new Set(found)].sort()
  }
  return { run, timeout: 2 * minute, read }
}

/** Where no tool of the family tells. */
export const nobodyKnows: Services = { run: 'true', timeout: minute, read: () => undefined }

/** Where what runs is never replaced under it: the next boot runs what is new. */
export const noServices: Services = { run: 'true', timeout: minute, read: () => [] }
