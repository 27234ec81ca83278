/**
 * Starts the operations of schedules when they are due, each run once, however many processes run a scheduler.
 *
 * The next time of a schedule is stored with it. So a run that came due while no process was running is found later, and a
 * schedule that is new, changed or enabled again counts from that moment. Of several processes, the one whose conditional
 * save of the next time succeeds starts the operation. The time is saved first: a process that dies in between loses one run,
 * and no run is started twice.
 */
import { setTimeout as pause } from 'node:timers/promises'

import type { Logger } from '@commissaire/bus'
import { type Operation, parseTimestamp, Schedule, Schedules, timestamp } from '@commissaire/models'
import { isConflict, isMissing, type StorageClient } from '@commissaire/storage'
import { Cron } from 'croner'

import { reasonOf } from '../shared/failure-reason.ts'

/** The operation that a schedule requests. */
export interface ScheduledRequest {
  readonly kind: Schedule['kind']
  readonly cluster_name: string
  readonly version: string
  readonly command: string
  readonly policy: Schedule['policy']
  readonly by: string
}

/** What the scheduler needs. Times are milliseconds. */
export interface SchedulerDeps {
  readonly storage: StorageClient
  readonly log: Logger
  /** Starts an operation; rejects if that is not possible now. */
  readonly start: (request: ScheduledRequest) => Promise<Operation>
  /** How late a run may start after no process was running; default one hour. */
  readonly grace?: number
  /** How often the schedules are read, so that changes are noticed; default ten seconds. */
  readonly interval?: number
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number
}

const GRACE = 3_600_000
const INTERVAL = 10_000

/** Runs all schedules, possibly beside schedulers in other processes. */
export class Scheduler {
  readonly #deps: SchedulerDeps
  readonly #now: () => number
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined

  constructor(deps: SchedulerDeps) {
    this.#deps = deps
    this.#now = deps.now ?? Date.now
  }

  /** Checks the schedules now and periodically. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Starts no further operation; resolves when those being started are stored. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  /** Starts the operations that are due. Resolves with the time of the next one, or Infinity if there is none. */
  async startDue(): Promise<number> {
    let next = Infinity
    for (const schedule of await this.#deps.storage.list(Schedules)) {
      if (this.#closing.signal.aborted) break
      if (!isWaiting(schedule) || dueAt(schedule) <= this.#now()) await this.#advance(schedule.name)
      else next = Math.min(next, dueAt(schedule))
    }
    return next
  }

  async #run(): Promise<void> {
    const { log, interval = INTERVAL } = this.#deps
    const { signal } = this.#closing
    while (!signal.aborted) {
      const next = await this.startDue().catch((err: unknown) => {
        if (!signal.aborted) log.warn({ err }, 'Schedules that are due could not be looked up')
        return Infinity
      })
      const wait = Math.max(20, Math.min(next - this.#now(), interval * (0.9 + Math.random() / 5)))
      await pause(wait, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Updates one schedule, unless another process does, and starts its operation if it is due. */
  async #advance(name: string): Promise<void> {
    try {
      const { model, revision } = await this.#deps.storage.fetch(Schedule, name)
      const { change, run } = this.#decide(model)
      if (!change) return
      await this.#deps.storage.save(Schedule, { ...model, ...change }, { revision })
      if (run) await this.#begin(model)
    } catch (error) {
      if (!isConflict(error) && !isMissing(error)) throw error
    }
  }

  /** Decides what to store of a schedule now, and whether to start its operation. */
  #decide(schedule: Schedule): { change?: Partial<Schedule>; run?: boolean } {
    const now = this.#now()
    if (!schedule.enabled) return schedule.due_by === '' ? {} : { change: { due_at: '', due_by: '' } }
    if (!isWaiting(schedule)) return { change: next(schedule, now) }
    const late = now - dueAt(schedule)
    if (Number.isNaN(late) || late < 0) return {}
    if (late <= this.#grace)
      return { change: { ...next(schedule, now), last_run: timestamp(new Date(now)) }, run: true }
    this.#deps.log.warn(
      { schedule: schedule.name, due: schedule.due_at },
      `The run of schedule ${schedule.name} was missed`,
    )
    return { change: { ...next(schedule, now), last_error: missedError(schedule, late) } }
  }

  async #begin(schedule: Schedule): Promise<void> {
    const { name, kind, cluster: cluster_name, version, command, policy } = schedule
    const { log, start } = this.#deps
    try {
      const { id } = await start({ kind, cluster_name, version, command, policy, by: `schedule ${name}` })
      log.info({ schedule: name, operation: id }, `Schedule ${name} was due and started ${id}`)
      await this.#note(name, { last_operation: id, last_error: '' })
    } catch (err) {
      log.warn(
        { schedule: name, err },
        `Schedule ${name} was due, and its operation could not be started: ${reasonOf(err)}`,
      )
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

/** Whether the stored next time belongs to the schedule's present pattern. A disabled schedule has no next time. */
function isWaiting(schedule: Schedule): boolean {
  return schedule.due_by === (schedule.enabled ? patternOf(schedule) : '')
}

/** The next time; Infinity if there is none. */
function dueAt({ due_at }: Schedule): number {
  return parseTimestamp(due_at)?.getTime() ?? Infinity
}

function patternOf({ when, timezone }: Schedule): string {
  return `${when} ${timezone}`
}

/** The next time after now. For a pattern that is invalid or never matches there is none, and an error is stored. */
function next(schedule: Schedule, now: number): Partial<Schedule> {
  const { when, timezone } = schedule
  const due_by = patternOf(schedule)
  try {
    const due = new Cron(when, { timezone, paused: true, mode: '5-part' }).nextRun(new Date(now))
    if (due) return { due_at: timestamp(due), due_by }
    return { due_at: '', due_by, last_error: `"${when}" never matches` }
  } catch (error) {
    return { due_at: '', due_by, last_error: `"${when}" in ${timezone}: ${reasonOf(error)}` }
  }
}

function missedError({ due_at }: Schedule, late: number): string {
  const minutes = Math.round(late / 60_000)
  return `It was due at ${due_at}, ${minutes} minutes ago, while no process was running: too late to start`
}
