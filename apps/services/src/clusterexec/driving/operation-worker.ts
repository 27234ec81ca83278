/**
 * The operations that this process works on. It begins and drives operations, and adopts those whose workers are dead: a
 * lease counts as expired when this process has not seen it change for its whole duration. Clocks of other machines do not
 * matter.
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
import { isPredecessor, Lease } from '../../shared/lease.ts'
import { OperationLost } from '../../shared/operation-lost.ts'
import type { OperationMetrics } from '../operation-metrics.ts'
import { OperationRecord } from '../record/operation-record.ts'
import { prune } from '../record/prune.ts'
import { exclusionKey } from '../../shared/mutual-exclusion.ts'
import { type Notify, createNotify } from '../notification/operation-notifications.ts'
import { saveView } from '../record/legacy-view.ts'
import type { OperationSpec } from '../requests/operation-request.ts'

/** What the worker needs. */
export type OperationWorkerDeps = Omit<DriverDeps, 'stops'> & {
  readonly storage: StorageClient
  readonly log: Logger
  /** Milliseconds without a renewal of its lease after which the worker of an operation counts as dead. */
  readonly lease: number
  /** What only this process can be at a time, see `LeaseDeps.owner`. */
  readonly owner?: string | undefined
  readonly metrics: OperationMetrics
}

/** How many hosts are unlocked at a time. */
const UNLOCK_CONCURRENCY = 16

/** Works on all operations of one process. */
export class OperationWorker {
  readonly #deps: OperationWorkerDeps
  readonly #notify: Notify
  readonly #stopAfterStep = new AbortController()
  readonly #kill = new AbortController()
  readonly #driving = new Map<string, Promise<void>>()
  readonly #observed = new Map<string, { renewal: string; since: number }>()
  #nextScan: NodeJS.Timeout | undefined

  constructor(deps: OperationWorkerDeps) {
    this.#deps = deps
    this.#notify = createNotify(deps.requester, deps)
  }

  /** Stores a new operation and drives it. Throws `Conflict` while an operation is in progress that excludes it. */
  async begin(
    spec: OperationSpec,
    { requestId = '', signal }: { requestId?: string | undefined; signal?: AbortSignal } = {},
  ): Promise<Operation> {
    const header = headerOf(spec, requestId)
    const lease = await this.#acquireLease(header, signal)
    try {
      const record = await OperationRecord.create(this.#deps.storage, header, spec.members)
      await saveView(this.#deps.storage, record.header, record.rollout)
      this.#deps.metrics.began(header.kind)
      await this.#notify('started', record.header)
      this.#drive(record, lease)
      void prune(this.#deps, header.cluster)
      return record.header
    } catch (error) {
      await this.#abandon(lease, header.id)
      throw error
    }
  }

  /**
   * Drives an operation again that is over. Throws `Conflict` while an operation is in progress that excludes it. The request
   * is stored only once the lease is taken, so that no request is left behind by a conflict.
   */
  async reopen(
    id: string,
    storeRequest: () => Promise<Operation>,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Operation> {
    const lease = await this.#acquireLease(await this.#deps.storage.get(Operation, id), signal)
    try {
      const operation = await storeRequest()
      const record = await OperationRecord.load(this.#deps.storage, id)
      if (record) this.#drive(record, lease)
      else await lease.remove()
      return operation
    } catch (error) {
      await this.#abandon(lease, id)
      throw error
    }
  }

  /** The operation that an earlier delivery of the message began. */
  async begunBy(requestId: string | undefined): Promise<Operation | undefined> {
    if (!requestId) return undefined
    for (const { operation } of await this.#deps.storage.list(OperationLeases)) {
      const header = await this.#deps.storage.find(Operation, operation)
      if (header?.request_id === requestId) return header
    }
    return undefined
  }

  /** Adopts operations whose workers are dead, now and periodically. */
  async adoptOrphans(): Promise<void> {
    const { log, lease } = this.#deps
    try {
      await this.#scan()
    } catch (err) {
      if (!this.#stopAfterStep.signal.aborted)
        log.warn({ err }, 'Abandoned operations could not be looked up')
    }
    if (!this.#stopAfterStep.signal.aborted)
      this.#nextScan = setTimeout(() => void this.adoptOrphans(), lease / 4)
  }

  /** Waits until each host has ended its present step; interrupts the steps after `within` milliseconds. */
  async stop({ within }: { within: number }): Promise<void> {
    const reason = new OperationLost('the service stops')
    clearTimeout(this.#nextScan)
    this.#stopAfterStep.abort(reason)
    const timer = setTimeout(() => this.#kill.abort(reason), within)
    await Promise.all(this.#driving.values())
    clearTimeout(timer)
  }

  /** Deletes the lease of an operation that is not worked on. If that fails, the lease expires. */
  async #abandon(lease: Lease, operation: string): Promise<void> {
    await lease.remove().catch((err: unknown) => {
      this.#deps.log.debug({ err, operation }, 'The lease could not be deleted; it will expire')
    })
  }

  async #scan(): Promise<void> {
    const leases = await this.#deps.storage.list(OperationLeases)
    const keys = new Set(leases.map(({ slot }) => slot))
    for (const key of this.#observed.keys()) if (!keys.has(key)) this.#observed.delete(key)
    for (const lease of leases) if (this.#isExpired(lease)) await this.#adopt(lease)
  }

  /** Whether a lease was released, or was not renewed for its duration since this process first saw it. */
  #isExpired({ slot, worker, renewed_at, operation }: OperationLease): boolean {
    if (this.#driving.has(operation)) return false
    if (worker === '' || isPredecessor(worker, this.#deps.owner)) return true
    const renewal = `${worker} ${renewed_at}`
    const known = this.#observed.get(slot)
    if (known?.renewal === renewal) return performance.now() - known.since > this.#deps.lease
    this.#observed.set(slot, { renewal, since: performance.now() })
    return false
  }

  async #adopt({ slot, worker, operation }: OperationLease): Promise<void> {
    const seen = await this.#deps.storage.findWithRevision(LeaseModel, slot)
    if (!seen || seen.model.worker !== worker) return
    const lease = await Lease.take(this.#deps, { key: slot, operation }, seen)
    if (!lease) return
    const record = await OperationRecord.load(this.#deps.storage, operation)
    if (!record) return lease.remove()
    this.#deps.log.info({ operation }, `${operation} was abandoned by its worker and is continued here`)
    this.#drive(record, lease)
  }

  #drive(record: OperationRecord, lease: Lease): void {
    record.notifyWith(this.#notify)
    record.countWith(this.#deps.metrics.counterOf(record.header))
    const driving = this.#driveToEnd(record, lease).finally(() => this.#driving.delete(record.id))
    this.#driving.set(record.id, driving)
  }

  /** An error that ends the work is logged, and the operation is released for other workers. */
  async #driveToEnd(record: OperationRecord, lease: Lease): Promise<void> {
    const { log } = this.#deps
    const stops = { afterStep: this.#stopAfterStep.signal, kill: this.#kill.signal }
    try {
      await drive(record, lease, { ...this.#deps, stops })
      await this.#unlockHosts(record)
      await lease.remove()
    } catch (err) {
      log.warn({ err, operation: record.id }, `${record.id} was released for other workers: ${reasonOf(err)}`)
      await lease.release().catch((error: unknown) => {
        log.debug({ err: error, operation: record.id }, 'The lease could not be released; it will expire')
      })
    }
  }

  /** Releases locks that a worker kept because it died after the last step of a host. */
  async #unlockHosts({ rollout, id: operation }: OperationRecord): Promise<void> {
    const begun = rollout.plan.members.filter(({ address }) => rollout.progress(address).turns > 0)
    const waiting = begun.values()
    const unlockNext = async () => {
      for (const { address } of waiting) await unlockHost(this.#deps.storage, { address, operation })
    }
    await Promise.all(Array.from({ length: UNLOCK_CONCURRENCY }, unlockNext))
  }

  /**
   * Takes the lease of an operation. A lease whose operation is over will be deleted by its worker, which may still be
   * releasing hosts: waits for that as long as the worker renews the lease.
   */
  async #acquireLease({ id, kind, cluster }: Operation, waiting: AbortSignal | undefined): Promise<Lease> {
    const { storage } = this.#deps
    const key = exclusionKey({ id, kind, cluster })
    const signal = AbortSignal.any([this.#stopAfterStep.signal, ...(waiting ? [waiting] : [])])
    for (;;) {
      const other = await storage.findWithRevision(LeaseModel, key)
      const operation = other && (await storage.find(Operation, other.model.operation))
      if (operation && !isOver(operation.status)) throw conflictWith(operation)
      const isFree = !other || this.#isExpired(other.model)
      const lease = isFree ? await Lease.take(this.#deps, { key, operation: id }, other) : undefined
      if (lease) return lease
      await pause(50, undefined, { signal }).catch(() => signal.throwIfAborted())
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
