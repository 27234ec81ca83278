/**
 * Drives one operation: asks the state machine what to do next, does it, and journals the result, until the operation is
 * over or its lease is lost. The process may die at any moment; another driver continues from the journal.
 */
import { Hosts, isOver, timestamp } from '@commissaire/models'
import { decide, type Decision, mayTurnBack } from '@commissaire/rollout'

import { unavailableReason } from './availability.ts'
import { applyControlRequests } from '../requests/control-requests.ts'
import { ClusterNodes } from '../node-steps/cluster-nodes.ts'
import { estimatesFor } from '../planning/history.ts'
import { HostRunner, type HostRunnerDeps } from './host-runner.ts'
import { type StopSignals, stopSignals } from './stop-signals.ts'
import { unlockHost } from '../../shared/host-lock.ts'
import type { Lease } from '../../shared/lease.ts'
import type { OperationRecord } from '../record/operation-record.ts'
import { saveView } from '../record/legacy-view.ts'

/** Milliseconds between two rounds, each of which reads control requests and the availability of hosts. */
const INTERVAL = 1000

/** What driving needs: everything that host runners need, except the nodes, which belong to the operation. */
export type DriverDeps = Omit<HostRunnerDeps, 'nodes' | 'stops'> & {
  readonly stops: Pick<StopSignals, 'afterStep' | 'kill'>
}

/** Drives the operation to its end. Throws when it must stop before. */
export async function drive(record: OperationRecord, lease: Lease, deps: DriverDeps): Promise<void> {
  record.requireLease(lease)
  await using nodes = new ClusterNodes(deps.storage, record.header.cluster)
  const stops = stopSignals({ ...deps.stops, lease: lease.signal })
  await new Driver(record, { ...deps, nodes, stops }).run()
}

/** The hosts that are not available, with the reason of each, as of a moment ago. */
interface Unavailable {
  readonly readAt: number
  readonly reasons: ReadonlyMap<string, string>
}

class Driver {
  readonly #record: OperationRecord
  readonly #deps: HostRunnerDeps
  readonly #runners = new Map<string, HostRunner>()
  #failure: unknown
  #wake = Promise.withResolvers<void>()
  #unavailable: Unavailable | undefined
  #estimate: ((address: string) => number | undefined) | undefined
  #shownAt = -Infinity

  constructor(record: OperationRecord, deps: HostRunnerDeps) {
    this.#record = record
    this.#deps = deps
    deps.stops.afterStep.addEventListener('abort', () => this.#wake.resolve(), { once: true })
  }

  async run(): Promise<void> {
    try {
      while (!(await this.#round()));
    } finally {
      await Promise.all([...this.#runners.values()].map((runner) => runner.stop()))
    }
  }

  /** Decides once and carries out the decision. Returns true when nothing is left to do. */
  async #round(): Promise<boolean> {
    const { interrupt, afterStep } = this.#deps.stops
    interrupt.throwIfAborted()
    if (this.#failure) throw this.#failure
    if (afterStep.aborted) return this.#endSteps()
    await applyControlRequests(this.#record, (address) => this.#release(address))
    if (!this.#record.isUpToDate) await this.#publishProgress()
    for (const address of this.#record.rollout.in('working')) this.#runHost(address)
    const decision = decide(this.#record.rollout, await this.#situation())
    const isSettled = await this.#carryOut(decision)
    if (isOver(this.#record.rollout.status)) return true
    if (!isSettled) await this.#waitForChange(decision.lookAgainAt)
    return false
  }

  /** Begins no host, waits until the present steps have ended, and throws the reason of the stop. */
  async #endSteps(): Promise<true> {
    // A runner that fails has logged and journaled what it could; the operation stops in any case.
    await Promise.allSettled([...this.#runners.values()].map((runner) => runner.run()))
    this.#deps.stops.afterStep.throwIfAborted()
    return true
  }

  /** Carries out a decision. Returns true if this changes the next decision. */
  async #carryOut({ begin, turnBack, skip, pause, settle, waiting }: Decision): Promise<boolean> {
    if (settle) await this.#settle(settle)
    if (pause) await this.#pause(pause)
    for (const address of skip?.hosts ?? []) await this.#leaveOut(address)
    for (const address of turnBack?.hosts ?? []) await this.#turnBack(address, turnBack?.to ?? 'waiting')
    for (const address of begin) await this.#begin(address)
    await this.#storeWaitReason(waiting ?? '')
    return Boolean(settle ?? pause ?? skip ?? turnBack) || begin.length > 0
  }

  async #begin(address: string): Promise<void> {
    await this.#record.appendToHost(address, { type: 'begun', at: Date.now() })
    this.#deps.log.info(
      { address, operation: this.#record.id },
      `${this.#record.id} began the work on ${address}`,
    )
    this.#runHost(address)
    await this.#publishProgress()
  }

  /** Runs the steps of a host, unless they are running. */
  #runHost(address: string): void {
    if (this.#runners.has(address) || this.#deps.stops.afterStep.aborted) return
    const runner = new HostRunner(this.#record, address, this.#deps)
    this.#runners.set(address, runner)
    runner
      .run()
      .catch((error: unknown) => (this.#failure ??= error))
      .finally(() => {
        this.#runners.delete(address)
        this.#wake.resolve()
      })
  }

  async #turnBack(address: string, to: 'waiting' | 'untouched'): Promise<void> {
    await this.#runners.get(address)?.stop()
    const progress = this.#record.rollout.progress(address)
    if (progress.state !== 'waiting' && !mayTurnBack(progress)) return
    const reason = this.#record.rollout.reason
    await this.#record.appendToHost(address, { type: 'turned_back', to, reason, at: Date.now() })
    if (this.#record.rollout.progress(address).state !== 'working') await this.#unlock(address)
    await this.#publishProgress()
  }

  async #leaveOut(address: string): Promise<void> {
    const reason = this.#unavailable?.reasons.get(address) ?? 'it is down'
    this.#deps.log.warn({ address, operation: this.#record.id }, `Left out ${address}: ${reason}`)
    await this.#record.appendToHost(address, { type: 'skipped', reason, code: 'absent', at: Date.now() })
    await this.#publishProgress()
  }

  /** Ends the step `hold` of a host. Returns false if the host is not held. */
  async #release(address: string): Promise<boolean> {
    if (this.#record.rollout.progress(address).began !== 'hold') return false
    await this.#runners.get(address)?.stop()
    await this.#record.appendToHost(address, { type: 'step_done', step: 'hold', at: Date.now() })
    return true
  }

  async #pause(reason: string): Promise<void> {
    this.#deps.log.warn({ operation: this.#record.id, reason }, `${this.#record.id} pauses: ${reason}`)
    await this.#record.append({ type: 'pausing', reason, at: Date.now() }, { reason })
  }

  async #settle(status: NonNullable<Decision['settle']>): Promise<void> {
    const at = Date.now()
    if (status === 'paused') await this.#record.append({ type: 'paused', at })
    else
      await this.#record.append(
        { type: 'ended', status, at },
        { finished_at: timestamp(new Date(at)), reason: this.#reason(status) },
      )
    const facts = { operation: this.#record.id, status, reason: this.#record.header.reason }
    this.#deps.log.info(facts, `${this.#record.id} is ${status}`)
    await this.#publishProgress({ now: true })
  }

  /** Why the operation ends with this status. */
  #reason(status: string): string {
    const { rollout } = this.#record
    if (status !== 'failed') return rollout.reason
    const { length } = rollout.plan.members
    const [host] = [...rollout.in('failed'), ...rollout.in('skipped')]
    const why = host === undefined ? '' : `; ${host}: ${rollout.progress(host).reason}`
    return `${length - rollout.in('done').size} of ${length} hosts were not done${why}`
  }

  /** Stores why no host begins, when that changes. */
  async #storeWaitReason(waiting: string): Promise<void> {
    const { header, rollout } = this.#record
    if (rollout.status === 'in_process' && header.reason !== waiting)
      await this.#record.updateHeader(() => ({ reason: waiting }))
  }

  #unlock(address: string): Promise<void> {
    return unlockHost(this.#deps.storage, { address, operation: this.#record.id })
  }

  async #situation() {
    const { header } = this.#record
    // Estimates matter only for the end of a maintenance window.
    if (header.policy.windows.length > 0) this.#estimate ??= await estimatesFor(this.#deps.storage, header)
    const { reasons } = await this.#findUnavailable()
    return {
      now: Date.now(),
      down: new Set(reasons.keys()),
      ...(this.#estimate && { estimate: this.#estimate }),
    }
  }

  /** Hosts that are not active or not stored. The state machine ignores this for hosts that the operation works on. */
  async #findUnavailable(): Promise<Unavailable> {
    const { members } = this.#record.rollout.plan
    // A list of ten thousand hosts is too large to be read every second.
    const maxAge = Math.max(INTERVAL, 2 * members.length)
    if (this.#unavailable && performance.now() - this.#unavailable.readAt < maxAge) return this.#unavailable
    const stored = new Map((await this.#deps.storage.list(Hosts)).map((host) => [host.address, host]))
    const reasons = members.map(({ address }) => [address, unavailableReason(stored.get(address))] as const)
    this.#unavailable = {
      readAt: performance.now(),
      reasons: new Map(reasons.filter(([, reason]) => reason !== '')),
    }
    return this.#unavailable
  }

  /** Stores the progress for readers, for a large fleet less often. */
  async #publishProgress({ now = false } = {}): Promise<void> {
    const { rollout } = this.#record
    const interval = rollout.plan.members.length / 10
    if (!now && performance.now() - this.#shownAt < interval) return
    this.#shownAt = performance.now()
    await this.#record.updateHeader()
    await saveView(this.#deps.storage, this.#record.header, rollout)
  }

  /** Waits until the state of a host changes, or the next round is due. */
  async #waitForChange(lookAgainAt: number | undefined): Promise<void> {
    const wait = Math.min(INTERVAL, Math.max(0, (lookAgainAt ?? Infinity) - Date.now()))
    const before = this.#countEnded()
    await atMost(this.#wake.promise, wait)
    this.#wake = Promise.withResolvers()
    if (this.#countEnded() !== before) await this.#publishProgress()
  }

  #countEnded(): number {
    return (
      this.#record.rollout.plan.members.length -
      this.#record.rollout.in('waiting').size -
      this.#record.rollout.in('working').size
    )
  }
}

async function atMost(promise: Promise<void>, wait: number): Promise<void> {
  const { promise: timeUp, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, wait)
  await Promise.race([promise, timeUp])
  clearTimeout(timer)
}
