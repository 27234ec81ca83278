/**
 * The operations that this process works on: it rolls them, takes up those whose workers are dead, and at its end lets
 * go of what is not finished.
 */
import { setTimeout as pause } from 'node:timers/promises'

import type { Logger } from '@commissaire/bus'
import type { RebootOptions } from '@commissaire/hosts'
import { Clusters } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

import type { HostAccess } from './host-access.ts'
import { reasonOf } from './host-record.ts'
import { deploying, type OperationKind, restarting, upgrading } from './operation-kinds.ts'
import type { Operation } from './operation-on-host.ts'
import { OperationLost, OperationRecord } from './operation-record.ts'
import { rollOut } from './roll-out.ts'

/** What working on operations takes. Times are milliseconds. */
export interface OperationsMeans {
  readonly storage: StorageClient
  readonly access: HostAccess
  readonly log: Logger
  readonly reboot: RebootOptions
  readonly hostTimeout: number
  /** Without a sign of life for so long, the worker of an operation is taken for dead. */
  readonly lease: number
}

/** All operations of one process. */
export class OperationsAtWork {
  readonly #means: OperationsMeans
  readonly #winding = new AbortController()
  readonly #stopping = new AbortController()
  readonly #rolling = new Map<Promise<void>, string>()
  #looking: NodeJS.Timeout | undefined

  constructor(means: OperationsMeans) {
    this.#means = means
  }

  /** Stores a new operation; `Conflict` while another of its kind is worked on in that cluster. */
  begin<T extends Operation>(kind: OperationKind<T>, initial: T): Promise<OperationRecord<T>> {
    return OperationRecord.begin(kind, this.#means, initial)
  }

  /** Rolls an operation to its end. What keeps it from there is logged, and the operation is free for others. */
  roll<T extends Operation>(record: OperationRecord<T>): Promise<void> {
    const rolling = this.#roll(record).finally(() => this.#rolling.delete(rolling))
    this.#rolling.set(rolling, record.id)
    return rolling
  }

  /** Waits until an operation has ended or its worker is dead, and then rolls it on. */
  async goOn<T extends Operation>(kind: OperationKind<T>, name: string): Promise<void> {
    const { storage, lease } = this.#means
    const { signal } = this.#winding
    for (;;) {
      const record = await this.#takeUp(kind, name)
      if (record) return this.roll(record)
      const last = await storage.find(kind.definition, name)
      if (last?.status !== 'in_process' || signal.aborted) return
      await pause(lease / 4, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Takes up operations whose workers are dead, now and then again. */
  async lookForOrphans(): Promise<void> {
    const { storage, log, lease } = this.#means
    try {
      for (const { name } of await storage.list(Clusters)) {
        await this.#adopt(deploying, name)
        await this.#adopt(restarting, name)
        await this.#adopt(upgrading, name)
      }
    } catch (err) {
      if (!this.#winding.signal.aborted)
        log.warn({ err }, 'Could not look for operations that were left lying')
    }
    if (!this.#winding.signal.aborted) this.#looking = setTimeout(() => void this.lookForOrphans(), lease)
  }

  /** Lets each operation finish its present host, or, when `within` milliseconds have passed, stops it there. */
  async stop({ within }: { within: number }): Promise<void> {
    const reason = new OperationLost('the service is made to stop')
    clearTimeout(this.#looking)
    this.#winding.abort(reason)
    const timer = setTimeout(() => this.#stopping.abort(reason), within)
    await Promise.all(this.#rolling.keys())
    clearTimeout(timer)
  }

  async #roll<T extends Operation>(record: OperationRecord<T>): Promise<void> {
    const { log } = this.#means
    try {
      await rollOut(record, { ...this.#means, signal: this.#stopping.signal, winding: this.#winding.signal })
    } catch (err) {
      log.warn({ err, operation: record.id }, `${record.id} is let go of: ${reasonOf(err)}`)
      await record.release().catch((error: unknown) => {
        log.debug(
          { err: error, operation: record.id },
          `${record.id} could not be released; its time will run out`,
        )
      })
    }
  }

  /** Takes an operation up without anybody waiting for it. */
  async #adopt<T extends Operation>(kind: OperationKind<T>, name: string): Promise<void> {
    const record = await this.#takeUp(kind, name)
    if (record) void this.roll(record)
  }

  /** Takes up what nobody works on. This process may have been too busy to say that it does. */
  async #takeUp<T extends Operation>(
    kind: OperationKind<T>,
    name: string,
  ): Promise<OperationRecord<T> | undefined> {
    if (this.#isRolling(`${kind.definition.name} ${name}`)) return undefined
    const record = await OperationRecord.takeOver(kind, this.#means, name)
    if (record)
      this.#means.log.info({ operation: record.id }, `${record.id} was left lying and is taken up again`)
    return record
  }

  #isRolling(id: string): boolean {
    return [...this.#rolling.values()].includes(id)
  }
}
