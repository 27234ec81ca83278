/**
 * The lease of the worker of an operation. The worker renews it periodically; a lease that is not renewed in time marks its
 * worker as dead. The worker measures the same time by its own clock, and stops before another worker starts.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

import type { Logger } from '@commissaire/bus'
import { OperationLease, timestamp } from '@commissaire/models'
import { isConflict, isMissing, type StorageClient } from '@commissaire/storage'

import { OperationLost } from './operation-lost.ts'

/** What a lease needs. */
export interface LeaseDeps {
  readonly storage: StorageClient
  readonly log: Logger
  /** Milliseconds without a renewal after which the worker counts as dead. */
  readonly lease: number
  /**
   * What only one process at a time can be, such as the holder of a data folder. A lease whose worker was an earlier
   * process of that name is free at once. By default the name of the machine, which many processes can be.
   */
  readonly owner?: string | undefined
}

/** The workers of this process. */
const ownWorkers = new Set<string>()

/** Whether a worker was an earlier process of the same exclusive owner, and therefore is dead. */
export function isPredecessor(worker: string, owner: string | undefined): boolean {
  return owner !== undefined && worker.startsWith(`${owner}/`) && !ownWorkers.has(worker)
}

/** A lease that this process holds. */
export class Lease implements AsyncDisposable {
  readonly #deps: LeaseDeps
  readonly #key: string
  readonly #worker: string
  readonly #lost = new AbortController()
  readonly #timer: NodeJS.Timeout
  #renewedAt: number
  #renewing: Promise<void> = Promise.resolve()
  #isOver = false

  private constructor(deps: LeaseDeps, { slot, worker }: OperationLease, takenAt: number) {
    this.#deps = deps
    this.#key = slot
    this.#worker = worker
    this.#renewedAt = takenAt
    this.#timer = setInterval(() => {
      this.#renewing = this.#renewing.then(() => this.#renew())
    }, deps.lease / 3)
  }

  /** Takes the lease if its revision is still the one seen, or if there is none. Returns undefined if another worker was faster. */
  static async take(
    deps: LeaseDeps,
    { key: slot, operation }: { key: string; operation: string },
    seen?: { revision: string },
  ): Promise<Lease | undefined> {
    const takenAt = performance.now()
    const worker = `${deps.owner ?? hostname()}/${process.pid}/${randomUUID()}`
    ownWorkers.add(worker)
    const mine = { slot, operation, worker, renewed_at: timestamp() }
    try {
      await deps.storage.save(OperationLease, mine, { revision: seen?.revision ?? null })
      return new Lease(deps, mine, takenAt)
    } catch (error) {
      ownWorkers.delete(worker)
      if (isConflict(error)) return undefined
      throw error
    }
  }

  /** Aborted when the lease is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Throws `OperationLost` if another worker may have taken the lease. */
  requireHeld(): void {
    if (performance.now() - this.#renewedAt > this.#deps.lease * 0.9)
      this.#lose('its lease was not renewed in time')
    this.#lost.signal.throwIfAborted()
  }

  /** Releases the lease, so that another worker need not wait until it expires. */
  async release(): Promise<void> {
    await this.#end()
    await this.#write({ worker: '', renewed_at: '' }).catch(unlessLost)
    this.#forgetWorker()
  }

  /** Deletes the lease, unless another worker has it, as nothing is left to be done. */
  async remove(): Promise<void> {
    await this.#end()
    await this.#deps.storage.deleteIf(OperationLease, this.#key, ({ worker }) => worker === this.#worker)
    this.#forgetWorker()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
  }

  async #end(): Promise<void> {
    this.#isOver = true
    clearInterval(this.#timer)
    await this.#renewing
  }

  /** Another worker of this process may have the same owner, but not the same name. */
  #forgetWorker(): void {
    ownWorkers.delete(this.#worker)
  }

  async #renew(): Promise<void> {
    if (this.#isOver || this.#lost.signal.aborted) return
    const at = performance.now()
    try {
      await this.#write({ renewed_at: timestamp() })
      this.#renewedAt = at
    } catch (error) {
      if (error instanceof OperationLost) this.#lost.abort(error)
      else this.#deps.log.warn({ err: error, slot: this.#key }, 'The lease could not be renewed')
    }
  }

  async #write(change: Partial<OperationLease>): Promise<void> {
    await this.#deps.storage.update(OperationLease, this.#key, (lease) => {
      if (lease.worker !== this.#worker) throw new OperationLost('it was taken over by another worker')
      return { ...lease, ...change }
    })
  }

  #lose(why: string): void {
    if (!this.#lost.signal.aborted) this.#lost.abort(new OperationLost(why))
  }
}

function unlessLost(error: unknown): void {
  if (!(error instanceof OperationLost) && !isMissing(error)) throw error
}
