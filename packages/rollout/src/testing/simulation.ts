/**
 * A simulated fleet with a clock of its own, and a driver over it that may die between any two of its moves.
 *
 * The driver does what a real one does: write an entry down, apply it, do the step, write what came of it. Everything
 * that counts is kept outside of it, in the fleet, so that what it believes can be compared with what happened.
 */
import { decide } from '../decide.ts'
import { isOver } from '@commissaire/models'

import { isEnd } from '../host-progress.ts'
import type { HostEntry, OperationEntry } from '../journal.ts'
import { type Journal, Rollout, type RolloutPlan } from '../rollout.ts'
import type { StepName } from '../steps.ts'

/** Everything that may go wrong with a host. */
export const mishaps = [
  'unreachable',
  'cordon_fails',
  'drain_blocked',
  'act_fails',
  'reboot_refused',
  'never_returns',
  'unhealthy',
  'uncordon_fails',
] as const

/** One of these. */
export type Mishap = (typeof mishaps)[number]

const failingStep: Record<Mishap, StepName> = {
  unreachable: 'check',
  cordon_fails: 'cordon',
  drain_blocked: 'drain',
  act_fails: 'act',
  reboot_refused: 'reboot',
  never_returns: 'return',
  unhealthy: 'health',
  uncordon_fails: 'uncordon',
}

/** The hosts as they really are, whatever the driver believes. */
export class SimulatedFleet {
  readonly mishaps: ReadonlyMap<string, Mishap>
  readonly boots = new Map<string, number>()
  readonly cordoned = new Set<string>()
  readonly away = new Set<string>()
  mostAway = 0

  constructor(troubles: ReadonlyMap<string, Mishap>) {
    this.mishaps = troubles
  }

  /** Does a step to a host; false where that fails. A reboot that was begun before is recognised, as a boot id would be. */
  perform(address: string, step: StepName, note: unknown): boolean {
    const mishap = this.mishaps.get(address)
    const isFailing = mishap !== undefined && failingStep[mishap] === step
    if (step === 'cordon') this.#away(address, true)
    if (step === 'cordon') this.cordoned.add(address)
    if (step === 'reboot' && !isFailing && this.boot(address) === note) this.#reboot(address)
    if (isFailing) return false
    if (step === 'uncordon') this.cordoned.delete(address)
    if (step === 'uncordon') this.#away(address, false)
    return true
  }

  /** The number of the present boot. */
  boot(address: string): number {
    return this.boots.get(address) ?? 0
  }

  #reboot(address: string): void {
    this.boots.set(address, this.boot(address) + 1)
    this.#away(address, true)
  }

  #away(address: string, isAway: boolean): void {
    if (isAway) this.away.add(address)
    else this.away.delete(address)
    this.mostAway = Math.max(this.mostAway, this.away.size)
  }
}

/** How a simulation goes. */
export interface SimulationOptions {
  readonly fleet: SimulatedFleet
  /** Asked between any two moves; true: the driver dies here and another takes over from the journal. */
  readonly dies?: () => boolean
  /** Asked after each round; what a person does now. */
  readonly person?: (rollout: Rollout, now: number) => OperationEntry | undefined
  /** Milliseconds that a step takes. */
  readonly stepTime?: (address: string, step: StepName) => number
  readonly down?: ReadonlySet<string>
  readonly start?: number
  /** Called for every entry that is written. */
  readonly onEntry?: (address: string | undefined, entry: HostEntry | OperationEntry) => void
}

/** What became of it. */
export interface Simulation {
  readonly rollout: Rollout
  readonly endedAt: number
  readonly deaths: number
  /** What was written. */
  readonly journal: Journal
}

/** Thrown out of the driver where it dies. */
class Death extends Error {}

/** Drives an operation to its end, or to where it pauses for good. */
export function simulate(plan: RolloutPlan, options: SimulationOptions): Simulation {
  const driver = new Driver(plan, options)
  return driver.run()
}

interface Due {
  readonly at: number
  readonly address: string
}

class Driver {
  readonly #plan: RolloutPlan
  readonly #options: SimulationOptions
  readonly #operation: OperationEntry[] = []
  readonly #hosts = new Map<string, HostEntry[]>()
  #rollout: Rollout
  #now: number
  #due: Due[] = []
  #deaths = 0

  constructor(plan: RolloutPlan, options: SimulationOptions) {
    this.#plan = plan
    this.#options = options
    this.#rollout = new Rollout(plan)
    this.#now = options.start ?? 0
  }

  run(): Simulation {
    for (;;) {
      try {
        if (this.#round()) return this.#outcome()
      } catch (error) {
        if (!(error instanceof Death)) throw error
        this.#takeOver()
      }
    }
  }

  /** One look, and what follows from it; true when it is over. */
  #round(): boolean {
    const wish = this.#options.person?.(this.#rollout, this.#now)
    if (wish) this.#write(wish)
    const decision = decide(this.#rollout, { now: this.#now, down: this.#options.down ?? new Set() })
    const { turnBack, skip } = decision
    if (decision.settle === 'paused') this.#write({ type: 'paused', at: this.#now })
    else if (decision.settle) this.#write({ type: 'ended', at: this.#now, status: decision.settle })
    if (decision.pause) this.#write({ type: 'pausing', at: this.#now, reason: decision.pause })
    for (const address of skip?.hosts ?? [])
      this.#writeTo(address, {
        type: 'skipped',
        at: this.#now,
        reason: skip?.reason ?? '',
        code: 'absent',
      })
    for (const address of turnBack?.hosts ?? [])
      this.#writeTo(address, {
        type: 'turned_back',
        at: this.#now,
        to: turnBack?.to ?? 'waiting',
        reason: 'wound',
      })
    for (const address of decision.begin) this.#begin(address)
    for (const address of turnBack?.hosts ?? []) this.#schedule(address)
    if (this.#isOver()) return true
    if (decision.settle || decision.pause || skip || turnBack) return false
    this.#advance(decision.lookAgainAt)
    return false
  }

  #isOver(): boolean {
    const { status } = this.#rollout
    const isWaitingForPerson = status === 'paused' && this.#options.person === undefined
    return isWaitingForPerson || isOver(status)
  }

  #begin(address: string): void {
    this.#writeTo(address, { type: 'begun', at: this.#now })
    this.#schedule(address)
  }

  /** To the next thing that happens: a host whose step is due, or the time to look again. */
  #advance(lookAgainAt: number | undefined): void {
    const next = this.#due.shift()
    if (next && (lookAgainAt === undefined || next.at <= lookAgainAt)) {
      this.#now = Math.max(this.#now, next.at)
      this.#step(next.address)
      return
    }
    if (next) this.#due.unshift(next)
    this.#now = lookAgainAt ?? this.#now + 1000
  }

  #step(address: string): void {
    const step = this.#rollout.nextStep(address)
    if (!step) return
    const isNew = this.#rollout.progress(address).began === undefined
    if (isNew) this.#writeTo(address, { type: 'step_began', step, at: this.#now })
    const { fleet } = this.#options
    if (step === 'reboot' && this.#rollout.progress(address).notes.reboot === undefined)
      this.#writeTo(address, { type: 'step_noted', step, note: fleet.boot(address), at: this.#now })
    const isDone = fleet.perform(address, step, this.#rollout.progress(address).notes.reboot)
    this.#mayDie()
    if (isDone) this.#writeTo(address, { type: 'step_done', step, at: this.#now })
    else this.#writeTo(address, { type: 'step_failed', step, at: this.#now, reason: `${step} failed` })
    this.#schedule(address)
  }

  #schedule(address: string): void {
    const step = this.#rollout.nextStep(address)
    if (!step) return
    this.#due = this.#due.filter((due) => due.address !== address)
    const at = this.#now + (this.#options.stepTime?.(address, step) ?? 1000)
    const after = this.#due.findLastIndex((due) => due.at <= at)
    this.#due.splice(after + 1, 0, { at, address })
  }

  #write(entry: OperationEntry): void {
    this.#operation.push(entry)
    this.#options.onEntry?.(undefined, entry)
    this.#mayDie()
    this.#rollout.apply(entry)
  }

  #writeTo(address: string, entry: HostEntry): void {
    const entries = this.#hosts.get(address) ?? []
    entries.push(entry)
    this.#hosts.set(address, entries)
    this.#options.onEntry?.(address, entry)
    this.#mayDie()
    this.#rollout.applyTo(address, entry)
  }

  #mayDie(): void {
    if (this.#options.dies?.()) throw new Death()
  }

  /** Another driver knows what was written and nothing else. */
  #takeOver(): void {
    this.#deaths++
    this.#rollout = new Rollout(this.#plan, { operation: this.#operation, hosts: this.#hosts })
    this.#due = [...this.#rollout.in('working')].map((address) => ({ at: this.#now, address }))
  }

  #outcome(): Simulation {
    const journal = { operation: this.#operation, hosts: this.#hosts }
    return { rollout: this.#rollout, endedAt: this.#now, deaths: this.#deaths, journal }
  }
}

/** Hosts by where they ended, or have not. */
export function ends(rollout: Rollout): Map<string, string> {
  return new Map(
    rollout.plan.members.map(({ address }) => {
      const { state } = rollout.progress(address)
      return [address, isEnd(state) ? state : `not ended: ${state}`]
    }),
  )
}
