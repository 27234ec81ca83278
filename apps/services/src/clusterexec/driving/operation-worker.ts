/**
 * The operations that this process works on. It begins them, drives them, and takes up those whose workers are dead: a
 * lease that does not change for as long as it lasts is nobody's any more, by our own clock and no other's.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

import { BusError, type Logger } from '@commissaire/bus'
import {
  isOver,
  Operation,
  type OperationLease,
  OperationLeases,
  OperationLease as LeaseModel,
  timestamp,
} from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

import { reasonOf } from '../../shared/failure-reason.ts'
import { drive, type DriverDeps } from './driver.ts'
import { unlockHost } from '../../shared/host-lock.ts'
import { Lease } from '../../shared/lease.ts'
import { OperationLost } from '../../shared/operation-lost.ts'
import type { OperationMetrics } from '../operation-metrics.ts'
import { OperationRecord } from '../record/operation-record.ts'
import { prune } from '../record/prune.ts'
import { exclusionKey } from '../../shared/mutual-exclusion.ts'
import { type Notify, createNotify } from '../notification/operation-notifications.ts'
import { saveView } from '../record/legacy-view.ts'
import type { OperationSpec } from '../requests/operation-request.ts'

/** What working on operations takes. Times are milliseconds. */
export type OperationWorkerDeps = Omit<DriverDeps, 'signal' | 'winding'> & {
  readonly storage: StorageClient
  readonly log: Logger
  /** Without a sign of life for so long, the worker of an operation is taken for dead. */
  readonly lease: number
  readonly metrics: OperationMetrics
}

/** All operations of one process. */
export class OperationWorker {
  readonly #deps: OperationWorkerDeps
  readonly #tell: Notify
  readonly #winding = new AbortController()
  readonly #stopping = new AbortController()
  readonly #driving = new Map<string, Promise<void>>()
  readonly #seen = new Map<string, { sign: string; since: number }>()
  #looking: NodeJS.Timeout | undefined

  constructor(deps: OperationWorkerDeps) {
    this.#deps = deps
    this.#tell = createNotify(deps.requester, deps)
  }

  /** Stores a new operation and drives it; `Conflict` while another is under way that must not be beside it. */
  async begin(
    plan: OperationSpec,
    { requestId = '' }: { requestId?: string | undefined } = {},
  ): Promise<Operation> {
    const header = headerOf(plan, requestId)
    const lease = await this.#takeSlot(header)
    try {
      const record = await OperationRecord.create(this.#deps.storage, header, plan.members)
      await saveView(this.#deps.storage, record.header, record.rollout)
      this.#deps.metrics.began(header.kind)
      await this.#tell('started', record.header)
      this.#drive(record, lease)
      void prune(this.#deps, header.cluster)
      return record.header
    } catch (error) {
      await this.#giveUp(lease, header.id)
      throw error
    }
  }

  /**
   * Drives an operation again that is over. What is asked of it is asked once its place is taken, so that nothing stays
   * asked where another is in its place, which is a `Conflict`.
   */
  async reopen(id: string, ask: () => Promise<Operation>): Promise<Operation> {
    const lease = await this.#takeSlot(await this.#deps.storage.get(Operation, id))
    try {
      const asked = await ask()
      const record = await OperationRecord.load(this.#deps.storage, id)
      if (record) this.#drive(record, lease)
      else await lease.remove()
      return asked
    } catch (error) {
      await this.#giveUp(lease, id)
      throw error
    }
  }

  /** The operation that a message began when it was delivered before. */
  async begunBy(requestId: string | undefined): Promise<Operation | undefined> {
    if (!requestId) return undefined
    for (const { operation } of await this.#deps.storage.list(OperationLeases)) {
      const header = await this.#deps.storage.find(Operation, operation)
      if (header?.request_id === requestId) return header
    }
    return undefined
  }

  /** Takes up operations whose workers are dead, now and again and again. */
  async adoptOrphans(): Promise<void> {
    const { log, lease } = this.#deps
    try {
      await this.#look()
    } catch (err) {
      if (!this.#winding.signal.aborted)
        log.warn({ err }, 'Could not look for operations that were left lying')
    }
    if (!this.#winding.signal.aborted) this.#looking = setTimeout(() => void this.adoptOrphans(), lease / 4)
  }

  /** Lets each host end its present step or, when `within` milliseconds have passed, stops it there. */
  async stop({ within }: { within: number }): Promise<void> {
    const reason = new OperationLost('the service is made to stop')
    clearTimeout(this.#looking)
    this.#winding.abort(reason)
    const timer = setTimeout(() => this.#stopping.abort(reason), within)
    await Promise.all(this.#driving.values())
    clearTimeout(timer)
  }

  /** Nobody works under that lease; where it cannot be taken away now, it runs out. */
  async #giveUp(lease: Lease, operation: string): Promise<void> {
    await lease.remove().catch((err: unknown) => {
      this.#deps.log.debug({ err, operation }, 'The lease could not be taken away; it will run out')
    })
  }

  async #look(): Promise<void> {
    const leases = await this.#deps.storage.list(OperationLeases)
    const slots = new Set(leases.map(({ slot }) => slot))
    for (const slot of this.#seen.keys()) if (!slots.has(slot)) this.#seen.delete(slot)
    for (const lease of leases) if (this.#isDead(lease)) await this.#takeUp(lease)
  }

  /** Whether a lease is let go of, or has shown no sign of life since we first saw it like this. */
  #isDead({ slot, worker, renewed_at, operation }: OperationLease): boolean {
    if (this.#driving.has(operation)) return false
    if (worker === '') return true
    const sign = `${worker} ${renewed_at}`
    const known = this.#seen.get(slot)
    if (known?.sign === sign) return performance.now() - known.since > this.#deps.lease
    this.#seen.set(slot, { sign, since: performance.now() })
    return false
  }

  async #takeUp({ slot, worker, operation }: OperationLease): Promise<void> {
    const seen = await this.#deps.storage.findWithRevision(LeaseModel, slot)
    if (!seen || seen.model.worker !== worker) return
    const lease = await Lease.take(this.#deps, { slot, operation }, seen)
    if (!lease) return
    const record = await OperationRecord.load(this.#deps.storage, operation)
    if (!record) return lease.remove()
    this.#deps.log.info({ operation }, `${operation} was left lying and is taken up again`)
    this.#drive(record, lease)
  }

  #drive(record: OperationRecord, lease: Lease): void {
    record.notifyWith(this.#tell)
    record.countWith(this.#deps.metrics.counterOf(record.header))
    const driving = this.#driveToEnd(record, lease).finally(() => this.#driving.delete(record.id))
    this.#driving.set(record.id, driving)
  }

  /** What keeps it from its end is logged, and the operation is free for others. */
  async #driveToEnd(record: OperationRecord, lease: Lease): Promise<void> {
    const { log } = this.#deps
    const { signal } = this.#stopping
    try {
      await drive(record, lease, { ...this.#deps, signal, winding: this.#winding.signal })
      await this.#letGoOfHosts(record)
      await lease.remove()
    } catch (err) {
      log.warn({ err, operation: record.id }, `${record.id} is let go of: ${reasonOf(err)}`)
      await lease.release().catch((error: unknown) => {
        log.debug({ err: error, operation: record.id }, 'The lease could not be released; it will run out')
      })
    }
  }

  /** A worker may have died between the end of a host and the release of its lock. */
  async #letGoOfHosts({ rollout, id }: OperationRecord): Promise<void> {
    for (const { address } of rollout.plan.members)
      if (rollout.progress(address).turns > 0)
        await unlockHost(this.#deps.storage, { address, operation: id })
  }

  /** Takes the lease of a new operation. One whose operation is over is about to be taken away: that is waited for. */
  async #takeSlot({ id, kind, cluster }: Operation): Promise<Lease> {
    const { storage, lease: patience } = this.#deps
    const slot = exclusionKey({ id, kind, cluster })
    const started = performance.now()
    for (;;) {
      const other = await storage.findWithRevision(LeaseModel, slot)
      const operation = other && (await storage.find(Operation, other.model.operation))
      if (operation && !isOver(operation.status)) throw conflictWith(operation)
      const isLeft = !other || other.model.worker === '' || performance.now() - started > patience
      const lease = isLeft ? await Lease.take(this.#deps, { slot, operation: id }, other) : undefined
      if (lease) return lease
      await pause(50, undefined, { signal: this.#winding.signal })
    }
  }
}

function headerOf(
  { kind, cluster, version, command, policy, by }: OperationSpec,
  request_id: string,
): Operation {
  const now = new Date()
  const stamp = now.toISOString().replaceAll(/[-:]|\..*/g, '')
  return {
    id: `${kind}-${cluster}-${stamp}-${randomBytes(3).toString('hex')}`,
    kind,
    cluster,
    status: 'in_process',
    reason: '',
    version,
    command,
    policy,
    hosts: {},
    started_at: timestamp(now),
    finished_at: '',
    asked_by: by,
    journal: [],
    requests: [],
    requests_seen: 0,
    request_id,
  }
}

function conflictWith({ id, kind, cluster, status, started_at }: Operation): BusError {
  const remedy = status === 'paused' ? 'resume or cancel it' : 'wait until it has ended, or cancel it'
  const message = `A ${kind} of cluster "${cluster}" is ${status} since ${started_at} (${id}); ${remedy}`
  return new BusError('Conflict', message, { data: { name: cluster, operation: id, status, started_at } })
}
