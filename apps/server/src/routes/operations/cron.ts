/** Cron patterns in time zones: whether one can be, and when it comes next. */
import type { RolloutPolicy } from '@commissaire/models'
import { Cron } from 'croner'

/** When something happens again and again: five fields, and the zone whose clock they mean. */
export interface Pattern {
  readonly when: string
  readonly timezone: string
}

/** What is wrong, and where: as `ValidationError` lists it. */
export interface PatternFault {
  readonly path: string
  readonly message: string
}

/** What is wrong with the pattern of a schedule, and with those of the windows of its policy; empty where all is well. */
export function patternFaults(pattern: Pattern, { windows }: Pick<RolloutPolicy, 'windows'>): PatternFault[] {
  const inWindows = windows.flatMap(({ start, timezone }, index) =>
    faultsOf(
      { when: start, timezone },
      { when: `policy.windows[${index}].start`, timezone: `policy.windows[${index}].timezone` },
    ),
  )
  return [...faultsOf(pattern, { when: 'when', timezone: 'timezone' }), ...inWindows]
}

/** When the pattern comes next; undefined where it never does. */
export function nextRun({ when, timezone }: Pattern): Date | undefined {
  return new Cron(when, { timezone, paused: true, mode: '5-part' }).nextRun() ?? undefined
}

function faultsOf(pattern: Pattern, paths: Pattern): PatternFault[] {
  const { when, timezone } = pattern
  if (!isTimeZone(timezone))
    return [{ path: paths.timezone, message: `"${timezone}" is no time zone; write it as "Europe/Berlin"` }]
  try {
    const found = `"${when}" never comes: there is no such day`
    return nextRun(pattern) ? [] : [{ path: paths.when, message: found }]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const remedy = 'write minute, hour, day, month and weekday, such as "0 3 * * 1-5"'
    return [{ path: paths.when, message: `"${when}" is no cron pattern (${why}); ${remedy}` }]
  }
}

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
