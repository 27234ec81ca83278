/** Validates cron patterns in time zones and computes the next run. */
import type { RolloutPolicy } from '@commissaire/models'
import { Cron } from 'croner'

/** A cron pattern of five fields and its time zone. */
export interface Pattern {
  readonly when: string
  readonly timezone: string
}

/** A fault of a pattern, as `ValidationError` lists it. */
export interface PatternFault {
  readonly path: string
  readonly message: string
}

/** Returns the faults of the pattern of a schedule and of the windows of its policy; empty when all are valid. */
export function patternFaults(pattern: Pattern, { windows }: Pick<RolloutPolicy, 'windows'>): PatternFault[] {
  const inWindows = windows.flatMap(({ start, timezone }, index) =>
    faultsOf(
      { when: start, timezone },
      { when: `policy.windows[${index}].start`, timezone: `policy.windows[${index}].timezone` },
    ),
  )
  return [...faultsOf(pattern, { when: 'when', timezone: 'timezone' }), ...inWindows]
}

/** Returns the next run of a pattern; undefined when there is none. */
export function nextRun({ when, timezone }: Pattern): Date | undefined {
  return new Cron(when, { timezone, paused: true, mode: '5-part' }).nextRun() ?? undefined
}

function faultsOf(pattern: Pattern, paths: Pattern): PatternFault[] {
  const { when, timezone } = pattern
  if (!isTimeZone(timezone))
    return [
      {
        path: paths.timezone,
        message: `"${timezone}" is not a time zone; write one such as "Europe/Berlin"`,
      },
    ]
  try {
    const message = `"${when}" never matches: there is no such day`
    return nextRun(pattern) ? [] : [{ path: paths.when, message }]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const remedy = 'write minute, hour, day, month and weekday, such as "0 3 * * 1-5"'
    return [{ path: paths.when, message: `"${when}" is not a cron pattern (${why}); ${remedy}` }]
  }
}

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
