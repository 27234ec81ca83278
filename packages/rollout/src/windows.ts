/**
 * When hosts may be begun: within maintenance windows, and never on days that are blacked out. Time zones and their
 * changes of the clock are croner's.
 */
import type { Blackout, MaintenanceWindow } from '@commissaire/models'
import { Cron } from 'croner'

/** When work may go on. */
export interface Calendar {
  readonly windows: readonly MaintenanceWindow[]
  readonly blackouts: readonly Blackout[]
}

/** A stretch of time, in milliseconds since 1970; the end is not part of it. */
export interface Span {
  readonly from: number
  readonly until: number
}

/** Openings are looked for so far ahead; a window that does not open in four years never does. */
const HORIZON = 4 * 366 * 24 * 3_600_000

/** Until when it is open now: Infinity where nothing ever closes it, undefined where it is closed. */
export function openUntil(calendar: Calendar, now: number): number | undefined {
  const { windows, blackouts } = calendar
  const dark = blackouts.map(spanOf)
  if (dark.some((span) => covers(span, now))) return undefined
  const ends = windows.map((window) => endOf(window, now)).filter((end) => end !== undefined)
  if (windows.length > 0 && ends.length === 0) return undefined
  const end = windows.length > 0 ? Math.max(...ends) : Infinity
  return Math.min(end, ...dark.filter(({ from }) => from > now).map(({ from }) => from))
}

/** When it opens next, at the earliest now; undefined where it does not. */
export function nextOpening(calendar: Calendar, now: number): number | undefined {
  for (
    let at: number | undefined = now;
    at !== undefined && at <= now + HORIZON;
    at = nextCandidate(calendar, at)
  )
    if (openUntil(calendar, at) !== undefined) return at
  return undefined
}

/** Why a pattern or time zone cannot be one, in the words of croner; undefined where it can. */
export function faultOf(window: MaintenanceWindow): string | undefined {
  try {
    cronOf(window).nextRun()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The time that a blackout takes, from the first moment of its first day to the last of its last. */
export function spanOf({ from, until, timezone }: Blackout): Span {
  return { from: midnight(from, timezone), until: midnight(dayAfter(until), timezone) }
}

/** Openings and ends of blackouts: the only times at which what is closed may open. */
function nextCandidate({ windows, blackouts }: Calendar, after: number): number | undefined {
  const openings = windows.map((window) => cronOf(window).nextRun(new Date(after))?.getTime())
  const ends = blackouts.map((blackout) => spanOf(blackout).until).filter((until) => until > after)
  const candidates = [...openings, ...ends].filter((at) => at !== undefined)
  return candidates.length > 0 ? Math.min(...candidates) : undefined
}

function endOf(window: MaintenanceWindow, now: number): number | undefined {
  // Windows may overlap themselves, so the last opening has the latest end; one that opens this second has opened.
  const [opened] = cronOf(window).previousRuns(1, new Date(now + 1000))
  const end = opened && opened.getTime() + window.minutes * 60_000
  return end !== undefined && opened !== undefined && opened.getTime() <= now && end > now ? end : undefined
}

const crons = new Map<string, Cron>()

/** Patterns are parsed once: a roll-out asks at every step. */
function cronOf({ start, timezone }: MaintenanceWindow): Cron {
  const key = `${start} in ${timezone}`
  const known = crons.get(key)
  if (known) return known
  if (crons.size > 1000) crons.clear()
  const cron = new Cron(start, { timezone, paused: true, mode: '5-part' })
  crons.set(key, cron)
  return cron
}

const midnights = new Map<string, number>()

/** The first moment of a day in a time zone, found by its own clock. */
function midnight(date: string, timezone: string): number {
  const key = `${date} in ${timezone}`
  const known = midnights.get(key)
  if (known !== undefined) return known
  const [year, month, day] = date.split('-').map(Number)
  const cron = new Cron(`0 0 0 ${day} ${month} * ${year}`, { timezone, paused: true })
  const first = cron.nextRun(new Date(Date.parse(`${date}T00:00:00Z`) - 2 * 24 * 3_600_000))
  if (!first) throw new RangeError(`There is no ${date} in ${timezone}`)
  midnights.set(key, first.getTime())
  return first.getTime()
}

function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + 24 * 3_600_000).toISOString().slice(0, 10)
}

function covers({ from, until }: Span, at: number): boolean {
  return from <= at && at < until
}
