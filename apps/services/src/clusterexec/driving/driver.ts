/**
 * Drives one operation: asks the state machine what is next, does it, and writes down what came of it, until the
 * operation is over or somebody else has it. It may die at any moment; another driver goes on from what is written.
 */
import { Hosts, isOver, timestamp } from '@commissaire/models'
import { type Decision, mayTurnBack } from '@commissaire/rollout'

import { unavailableReason } from './availability.ts'
import { applyControlRequests } from '../requests/control-requests.ts'
import { ClusterNodes } from '../node-steps/cluster-nodes.ts'
import { estimatesFor } from '../planning/history.ts'
import { HostRunner, type HostRunnerDeps } from './host-runner.ts'
import { unlockHost } from '../../shared/host-lock.ts'
import type { Lease } from '../../shared/lease.ts'
import type { OperationRecord } from '../record/operation-record.ts'
import { saveView } from '../record/legacy-view.ts'

/** Milliseconds between looks at what others asked for and at how the hosts are. */
const LOOK = 1000

/** What driving takes: all that turns take, but the nodes, which are the operation's own. */
export type DriverDeps = Omit<HostRunnerDeps, 'nodes' | 'killing'>

/** Drives to the end; throws where it must let go before. */
export async function drive(record: OperationRecord, lease: Lease, deps: DriverDeps): Promise<void> {
  record.requireLease(lease)
  await using nodes = new ClusterNodes(deps.storage, record.header.cluster)
  const signal = AbortSignal.any([deps.signal, lease.signal])
  await new Driver(record, { ...deps, nodes, signal, killing: deps.signal }).run()
}

/** Who is down, as it was seen a moment ago. */
interface Down {
  readonly at: number
  readonly hosts: ReadonlySet<string>
  readonly reasons: ReadonlyMap<string, string>
}

class Driver {
  readonly #record: OperationRecord
  readonly #deps: HostRunnerDeps
  readonly #turns = new Map<string, HostRunner>()
  #trouble: unknown
  #wake = Promise.withResolvers<void>()
  #down: Down | undefined
  #estimate: ((address: string) => number | undefined) | undefined
  #shownAt = -Infinity

  constructor(record: OperationRecord, deps: HostRunnerDeps) {
    this.#record = record
    this.#deps = deps
    const stops = AbortSignal.any([deps.signal, deps.winding])
    stops.addEventListener('abort', () => this.#wake.resolve(), { once: true })
  }

  async run(): Promise<void> {
    try {
      while (!(await this.#round()));
    } finally {
      await Promise.all([...this.#turns.values()].map((turn) => turn.stop()))
    }
  }

  /** One look and what follows from it; true when there is nothing more to do. */
  async #round(): Promise<boolean> {
    const { signal, winding } = this.#deps
    signal.throwIfAborted()
    if (this.#trouble) throw this.#trouble
    if (winding.aborted) return this.#wind()
    await applyControlRequests(this.#record, (address) => this.#release(address))
    if (!this.#record.isUpToDate) await this.#show()
    for (const address of this.#record.rollout.in('working')) this.#goOn(address)
    const decision = this.#record.rollout.decide(await this.#situation())
    const isSettled = await this.#carryOut(decision)
    if (isOver(this.#record.rollout.status)) return true
    if (!isSettled) await this.#rest(decision.lookAgainAt)
    return false
  }

  /** No host begins; those that were begun end their present step. */
  async #wind(): Promise<true> {
    await Promise.all([...this.#turns.values()].map((turn) => turn.run().catch(() => undefined)))
    this.#deps.winding.throwIfAborted()
    return true
  }

  /** Does what was decided; true where it changed what is to be decided next. */
  async #carryOut({ begin, turnBack, skip, pause, settle, waiting }: Decision): Promise<boolean> {
    if (settle) await this.#settle(settle)
    if (pause) await this.#pause(pause)
    for (const address of skip?.hosts ?? []) await this.#leaveOut(address)
    for (const address of turnBack?.hosts ?? []) await this.#turnBack(address, turnBack?.to ?? 'waiting')
    for (const address of begin) await this.#begin(address)
    await this.#say(waiting ?? '')
    return Boolean(settle ?? pause ?? skip ?? turnBack) || begin.length > 0
  }

  async #begin(address: string): Promise<void> {
    await this.#record.appendToHost(address, { type: 'begun', at: Date.now() })
    this.#deps.log.info(
      { address, operation: this.#record.id },
      `${this.#record.id}: ${address} has its turn`,
    )
    this.#goOn(address)
    await this.#show()
  }

  /** Puts a host on its way, unless it is. */
  #goOn(address: string): void {
    if (this.#turns.has(address) || this.#deps.winding.aborted) return
    const turn = new HostRunner(this.#record, address, this.#deps)
    this.#turns.set(address, turn)
    turn
      .run()
      .catch((error: unknown) => (this.#trouble ??= error))
      .finally(() => {
        this.#turns.delete(address)
        this.#wake.resolve()
      })
  }

  async #turnBack(address: string, to: 'waiting' | 'untouched'): Promise<void> {
    await this.#turns.get(address)?.stop()
    const progress = this.#record.rollout.progress(address)
    if (progress.state !== 'waiting' && !mayTurnBack(progress)) return
    const reason = this.#record.rollout.reason
    await this.#record.appendToHost(address, { type: 'turned_back', to, reason, at: Date.now() })
    if (this.#record.rollout.progress(address).state !== 'working') await this.#unlock(address)
    await this.#show()
  }

  async #leaveOut(address: string): Promise<void> {
    const reason = this.#down?.reasons.get(address) ?? 'it is down'
    this.#deps.log.warn({ address, operation: this.#record.id }, `Left out ${address}: ${reason}`)
    await this.#record.appendToHost(address, { type: 'skipped', reason, code: 'absent', at: Date.now() })
    await this.#show()
  }

  /** A held host is let go on with. */
  async #release(address: string): Promise<boolean> {
    if (this.#record.rollout.progress(address).began !== 'hold') return false
    await this.#turns.get(address)?.stop()
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
    await this.#show({ now: true })
  }

  /** Why it ends as it does. */
  #reason(status: string): string {
    const { rollout } = this.#record
    if (status !== 'failed') return rollout.reason
    const { length } = rollout.plan.members
    const [host] = [...rollout.in('failed'), ...rollout.in('skipped')]
    const why = host === undefined ? '' : `; ${host}: ${rollout.progress(host).reason}`
    return `${length - rollout.in('done').size} of ${length} hosts were not done${why}`
  }

  /** Tells why nothing begins, when that changes. */
  async #say(waiting: string): Promise<void> {
    const { header, rollout } = this.#record
    if (rollout.status === 'in_process' && header.reason !== waiting)
      await this.#record.updateHeader(() => ({ reason: waiting }))
  }

  #unlock(address: string): Promise<void> {
    return unlockHost(this.#deps.storage, { address, operation: this.#record.id })
  }

  async #situation() {
    const { header } = this.#record
    // Only a window's end asks how long a host will take.
    if (header.policy.windows.length > 0) this.#estimate ??= await estimatesFor(this.#deps.storage, header)
    const { hosts: down } = await this.#whoIsDown()
    return { now: Date.now(), down, ...(this.#estimate && { estimate: this.#estimate }) }
  }

  /** Hosts that are not active, or not stored; one that we work on is away because of that. */
  async #whoIsDown(): Promise<Down> {
    const members = this.#record.rollout.plan.members
    // A list of ten thousand hosts is not asked for every second.
    const freshFor = Math.max(LOOK, 2 * members.length)
    if (this.#down && performance.now() - this.#down.at < freshFor) return this.#down
    const stored = await this.#deps.storage.list(Hosts)
    const known = new Map(stored.map((host) => [host.address, host]))
    const hosts = new Set<string>()
    const reasons = new Map<string, string>()
    for (const { address } of members) {
      const why = unavailableReason(known.get(address))
      if (!why) continue
      hosts.add(address)
      reasons.set(address, why)
    }
    this.#down = { at: performance.now(), hosts, reasons }
    return this.#down
  }

  /** Shows how far it is; of a large fleet not more often than is good for whoever reads it. */
  async #show({ now = false } = {}): Promise<void> {
    const { header, rollout } = this.#record
    const interval = rollout.plan.members.length / 10
    if (!now && performance.now() - this.#shownAt < interval) return
    this.#shownAt = performance.now()
    await this.#record.updateHeader()
    await saveView(this.#deps.storage, this.#record.header ?? header, rollout)
  }

  /** Until something happens to a host, or it is time to look again. */
  async #rest(lookAgainAt: number | undefined): Promise<void> {
    const wait = Math.min(LOOK, Math.max(0, (lookAgainAt ?? Infinity) - Date.now()))
    const before = this.#countEnded()
    await atMost(this.#wake.promise, wait)
    this.#wake = Promise.withResolvers()
    if (this.#countEnded() !== before) await this.#show()
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
