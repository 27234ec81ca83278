/**
 * Keeps the time of schedules: begins their operations when they are due, each once, however many processes do this.
 *
 * When a schedule is due is stored with it. So what came due while nobody was there is found afterwards; one that is new,
 * changed or enabled again counts from then on; and of several processes the one begins the operation whose save of the
 * next time succeeds. That is saved before the operation begins: a process that dies between the two loses one run, and
 * never makes two.
 */
import { setTimeout as pause } from 'node:timers/promises'

import type { Logger } from '@commissaire/bus'
import { type Operation, parseTimestamp, Schedule, Schedules, timestamp } from '@commissaire/models'
import { isConflict, isMissing, type StorageClient } from '@commissaire/storage'
import { Cron } from 'croner'

import { reasonOf } from '../shared/failure-reason.ts'

/** What a schedule asks for. */
export interface ScheduledRequest {
  readonly kind: Schedule['kind']
  readonly cluster_name: string
  readonly version: string
  readonly command: string
  readonly policy: Schedule['policy']
  readonly by: string
}

/** What keeping the time takes. Times are milliseconds. */
export interface SchedulerDeps {
  readonly storage: StorageClient
  readonly log: Logger
  /** Begins an operation; rejects where that is not possible now. */
  readonly start: (wish: ScheduledRequest) => Promise<Operation>
  /** How late a run may be, because nobody was there; default one hour. */
  readonly grace?: number
  /** How often the schedules are read, so that changes count; default ten seconds. */
  readonly interval?: number
  /** The time, in milliseconds since 1970. */
  readonly now?: () => number
}

const GRACE = 3_600_000
const INTERVAL = 10_000

/** Keeps the time of all schedules, beside others that do the same. */
export class Scheduler {
  readonly #deps: SchedulerDeps
  readonly #now: () => number
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined

  constructor(deps: SchedulerDeps) {
    this.#deps = deps
    this.#now = deps.now ?? Date.now
  }

  /** Looks now and again and again. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Begins nothing more; resolves when what was being begun is. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  /** Begins what is due. Resolves with when the next one is, infinity where none is. */
  async startDue(): Promise<number> {
    let next = Infinity
    for (const schedule of await this.#deps.storage.list(Schedules)) {
      if (this.#closing.signal.aborted) break
      if (!isWaiting(schedule) || dueAt(schedule) <= this.#now()) await this.#tend(schedule.name)
      else next = Math.min(next, dueAt(schedule))
    }
    return next
  }

  async #run(): Promise<void> {
    const { log, interval = INTERVAL } = this.#deps
    const { signal } = this.#closing
    while (!signal.aborted) {
      const next = await this.startDue().catch((err: unknown) => {
        if (!signal.aborted) log.warn({ err }, 'Could not look for schedules that are due')
        return Infinity
      })
      const wait = Math.max(20, Math.min(next - this.#now(), interval * (0.9 + Math.random() / 5)))
      await pause(wait, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Brings one schedule up to date, unless somebody else just does; and begins its operation if that is ours to do. */
  async #tend(name: string): Promise<void> {
    try {
      const { model, revision } = await this.#deps.storage.fetch(Schedule, name)
      const { change, run } = this.#turn(model)
      if (!change) return
      await this.#deps.storage.save(Schedule, { ...model, ...change }, { revision })
      if (run) await this.#begin(model)
    } catch (error) {
      if (!isConflict(error) && !isMissing(error)) throw error
    }
  }

  /** What is to be written of a schedule now, and whether it is to be run. */
  #turn(schedule: Schedule): { change?: Partial<Schedule>; run?: boolean } {
    const now = this.#now()
    if (!schedule.enabled) return schedule.due_by === '' ? {} : { change: { due_at: '', due_by: '' } }
    if (!isWaiting(schedule)) return { change: next(schedule, now) }
    const late = now - dueAt(schedule)
    if (Number.isNaN(late) || late < 0) return {}
    if (late <= this.#grace)
      return { change: { ...next(schedule, now), last_run: timestamp(new Date(now)) }, run: true }
    this.#deps.log.warn({ schedule: schedule.name, due: schedule.due_at }, `${schedule.name} was missed`)
    return { change: { ...next(schedule, now), last_error: missedError(schedule, late) } }
  }

  async #begin(schedule: Schedule): Promise<void> {
    const { name, kind, cluster: cluster_name, version, command, policy } = schedule
    const { log, start } = this.#deps
    try {
      const { id } = await start({ kind, cluster_name, version, command, policy, by: `schedule ${name}` })
      log.info({ schedule: name, operation: id }, `${name} is due and has begun ${id}`)
      await this.#note(name, { last_operation: id, last_error: '' })
    } catch (err) {
      log.warn({ schedule: name, err }, `${name} is due and could not begin: ${reasonOf(err)}`)
      await this.#note(name, { last_error: `${timestamp(new Date(this.#now()))}: ${reasonOf(err)}` })
    }
  }

  async #note(name: string, change: Partial<Schedule>): Promise<void> {
    await this.#deps.storage.update(Schedule, name, (schedule) => ({ ...schedule, ...change }))
  }

  get #grace(): number {
    return this.#deps.grace ?? GRACE
  }
}

/** Whether it is known when this schedule is due, as it stands now; one that is not enabled waits for nothing. */
function isWaiting(schedule: Schedule): boolean {
  return schedule.due_by === (schedule.enabled ? patternOf(schedule) : '')
}

/** Infinity for one that is never due. */
function dueAt({ due_at }: Schedule): number {
  return parseTimestamp(due_at)?.getTime() ?? Infinity
}

function patternOf({ when, timezone }: Schedule): string {
  return `${when} ${timezone}`
}

/** When it is due after now. A pattern that cannot be read, or that never matches, is due never, and says so. */
function next(schedule: Schedule, now: number): Partial<Schedule> {
  const { when, timezone } = schedule
  const due_by = patternOf(schedule)
  try {
    const due = new Cron(when, { timezone, paused: true, mode: '5-part' }).nextRun(new Date(now))
    if (due) return { due_at: timestamp(due), due_by }
    return { due_at: '', due_by, last_error: `"${when}" never comes` }
  } catch (error) {
    return { due_at: '', due_by, last_error: `"${when}" in ${timezone}: ${reasonOf(error)}` }
  }
}

function missedError({ due_at }: Schedule, late: number): string {
  const minutes = Math.round(late / 60_000)
  return `It was due at ${due_at}, when nobody was there, and that was ${minutes} minutes ago: too late to begin`
}
