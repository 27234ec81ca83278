/**
 * A rolling operation as a state machine: it takes journal entries in, and says what is to be done next. It reads no
 * clock and touches nothing; whoever drives it writes an entry down, applies it, and does what `decide` says.
 *
 * Every look is cheap, whatever the size of the fleet: hosts are kept in sets by their state, and nothing is copied.
 */
import type { Amount, OperationHostState, RolloutPolicy, RolloutStatus } from '@commissaire/models'

import { advance, type HostProgress, nextStep, untouched } from './host-progress.ts'
import { type HostEntry, IllegalEntry, type OperationEntry } from './journal.ts'
import type { Member } from './order.ts'
import type { StepName } from './steps.ts'

/** What is to be done with whom, and how. */
export interface RolloutPlan {
  /** In the order of their turns. */
  readonly members: readonly Member[]
  readonly steps: readonly StepName[]
  readonly policy: RolloutPolicy
}

/** What was written down of an operation. */
export interface Journal {
  readonly operation: readonly OperationEntry[]
  readonly hosts: ReadonlyMap<string, readonly HostEntry[]>
}

/** One operation, as far as its journal goes. */
export class Rollout {
  readonly plan: RolloutPlan
  readonly #members = new Map<string, Member>()
  readonly #progress = new Map<string, HostProgress>()
  readonly #byState: Readonly<Record<OperationHostState, Set<string>>> = {
    waiting: new Set(),
    working: new Set(),
    done: new Set(),
    failed: new Set(),
    skipped: new Set(),
    untouched: new Set(),
  }
  #status: RolloutStatus = 'in_process'
  #reason = ''
  #throttle: Amount | undefined
  #resumedAt = -Infinity
  #lastEntryAt = 0

  constructor(plan: RolloutPlan, journal?: Journal) {
    this.plan = plan
    for (const member of plan.members) this.#add(member)
    for (const entry of journal?.operation ?? []) this.apply(entry)
    for (const [address, entries] of journal?.hosts ?? [])
      for (const entry of entries) this.applyTo(address, entry)
  }

  get status(): RolloutStatus {
    return this.#status
  }

  /** Why it is paused or cancelled. */
  get reason(): string {
    return this.#reason
  }

  /** When something was last written down; 0 before that. */
  get lastEntryAt(): number {
    return this.#lastEntryAt
  }

  /** How many hosts may be away at once, where that was changed on the run. */
  get throttle(): Amount | undefined {
    return this.#throttle
  }

  /** When it was last resumed, -Infinity before that: who did so has seen the failures that there were, and let them pass. */
  get resumedAt(): number {
    return this.#resumedAt
  }

  /** The hosts in a state; waiting ones in the order of their turns. */
  in(state: OperationHostState): ReadonlySet<string> {
    return this.#byState[state]
  }

  /** Whether the host of that address is part of it. */
  has(address: string): boolean {
    return this.#members.has(address)
  }

  /** The host of that address, as the plan has it. */
  member(address: string): Member {
    const member = this.#members.get(address)
    if (member) return member
    throw new IllegalEntry(`${address} is not part of this operation`)
  }

  progress(address: string): HostProgress {
    return this.#progress.get(this.member(address).address) ?? untouched
  }

  /** The step that a host is in or has before it. */
  nextStep(address: string): StepName | undefined {
    return nextStep(this.progress(address), this.plan.steps)
  }

  /** How far a host would be after those entries. Throws `IllegalEntry` where they cannot follow. */
  rehearse(address: string, entries: readonly HostEntry[]): HostProgress {
    return entries.reduce(
      (progress, entry) => advance(progress, entry, this.plan.steps),
      this.progress(address),
    )
  }

  /** Takes in what happened to a host. Throws `IllegalEntry` where it cannot follow. */
  applyTo(address: string, entry: HostEntry): void {
    const before = this.progress(address)
    const after = advance(before, entry, this.plan.steps)
    this.#progress.set(address, after)
    this.#lastEntryAt = Math.max(this.#lastEntryAt, entry.at)
    if (before.state === after.state) return
    this.#byState[before.state].delete(address)
    this.#byState[after.state].add(address)
  }

  /** Takes in what happened to the operation. Throws `IllegalEntry` where it cannot follow. */
  apply(entry: OperationEntry): void {
    const next = statusAfter(this.#status, entry)
    if (!next) throw new IllegalEntry(`"${entry.type}" cannot follow: the operation is ${this.#status}`)
    this.#status = next
    this.#lastEntryAt = Math.max(this.#lastEntryAt, entry.at)
    if (entry.type === 'throttled') this.#throttle = entry.max_unavailable
    if (entry.type === 'pausing' || entry.type === 'cancelling') this.#reason = entry.reason
    if (entry.type === 'resumed') {
      this.#reason = ''
      this.#resumedAt = entry.at
    }
  }

  #add(member: Member): void {
    this.#members.set(member.address, member)
    this.#progress.set(member.address, untouched)
    this.#byState.waiting.add(member.address)
  }
}

type Type = OperationEntry['type']

const moves: Readonly<
  Record<Exclude<Type, 'ended' | 'throttled'>, readonly [from: readonly RolloutStatus[], to: RolloutStatus]>
> = {
  pausing: [['in_process'], 'pausing'],
  paused: [['pausing'], 'paused'],
  cancelling: [['in_process', 'pausing', 'paused'], 'cancelling'],
  resumed: [['pausing', 'paused', 'failed', 'finished'], 'in_process'],
}

const goingOn: ReadonlySet<RolloutStatus> = new Set(['in_process', 'pausing', 'paused', 'cancelling'])

function statusAfter(status: RolloutStatus, entry: OperationEntry): RolloutStatus | undefined {
  if (entry.type === 'throttled') return goingOn.has(status) ? status : undefined
  if (entry.type === 'ended') return goingOn.has(status) ? entry.status : undefined
  const [from, to] = moves[entry.type]
  return from.includes(status) ? to : undefined
}
