/**
 * The lease of whoever works on an operation. It is renewed again and again; when it is not for a while, its holder is
 * taken for dead. The holder knows that by its own clock, and stops before anybody else begins.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

import type { Logger } from '@commissaire/bus'
import { OperationLease, timestamp } from '@commissaire/models'
import { isConflict, isMissing, type StorageClient } from '@commissaire/storage'

import { OperationLost } from './operation-lost.ts'

/** What leases need. Times are milliseconds. */
export interface LeaseDeps {
  readonly storage: StorageClient
  readonly log: Logger
  /** Without a sign of life for so long, a holder is taken for dead. */
  readonly lease: number
}

/** A lease that we hold. */
export class Lease implements AsyncDisposable {
  readonly #deps: LeaseDeps
  readonly #slot: string
  readonly #worker: string
  readonly #lost = new AbortController()
  readonly #timer: NodeJS.Timeout
  #renewedAt: number
  #renewing: Promise<void> = Promise.resolve()
  #isOver = false

  private constructor(deps: LeaseDeps, { slot, worker }: OperationLease, takenAt: number) {
    this.#deps = deps
    this.#slot = slot
    this.#worker = worker
    this.#renewedAt = takenAt
    this.#timer = setInterval(() => {
      this.#renewing = this.#renewing.then(() => this.#renew())
    }, deps.lease / 3)
  }

  /** Takes the lease of a slot if it is as it was seen last, undefined for nobody's; undefined where somebody was faster. */
  static async take(
    deps: LeaseDeps,
    { slot, operation }: { slot: string; operation: string },
    seen?: { revision: string },
  ): Promise<Lease | undefined> {
    const takenAt = performance.now()
    const mine = {
      slot,
      operation,
      worker: `${hostname()}/${process.pid}/${randomUUID()}`,
      renewed_at: timestamp(),
    }
    try {
      await deps.storage.save(OperationLease, mine, { revision: seen?.revision ?? null })
      return new Lease(deps, mine, takenAt)
    } catch (error) {
      if (isConflict(error)) return undefined
      throw error
    }
  }

  /** Aborted when the operation is no longer ours. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Throws `OperationLost` where somebody else may be working on it by now. */
  requireHeld(): void {
    if (performance.now() - this.#renewedAt > this.#deps.lease * 0.9)
      this.#lose('its lease could not be renewed in time')
    this.#lost.signal.throwIfAborted()
  }

  /** Lets go of it, so that another need not wait for it to run out. */
  async release(): Promise<void> {
    await this.#end()
    await this.#write({ worker: '', renewed_at: '' }).catch(unlessLost)
  }

  /** Takes the lease away, as there is nothing left to be done. */
  async remove(): Promise<void> {
    await this.#end()
    await this.#deps.storage.deleteIfPresent(OperationLease, this.#slot)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
  }

  async #end(): Promise<void> {
    this.#isOver = true
    clearInterval(this.#timer)
    await this.#renewing
  }

  async #renew(): Promise<void> {
    if (this.#isOver || this.#lost.signal.aborted) return
    const at = performance.now()
    try {
      await this.#write({ renewed_at: timestamp() })
      this.#renewedAt = at
    } catch (error) {
      if (error instanceof OperationLost) this.#lost.abort(error)
      else this.#deps.log.warn({ err: error, slot: this.#slot }, 'A sign of life could not be stored')
    }
  }

  async #write(change: Partial<OperationLease>): Promise<void> {
    await this.#deps.storage.update(OperationLease, this.#slot, (lease) => {
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
