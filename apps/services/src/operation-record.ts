/**
 * The stored progress of one operation, and who may write it.
 *
 * Whoever works on an operation signs it and renews that signature. When it is not renewed for a while its worker is
 * taken for dead, and another may take over from where the progress stands. A worker that was only slow finds the other's
 * signature at its next write, and stops.
 */
import { randomUUID } from 'node:crypto'

import { BusError, errorTable } from '@commissaire/bus'
import { parseTimestamp, timestamp } from '@commissaire/models'
import type { Fetched, StorageClient } from '@commissaire/storage'

import type { OperationKind } from './operation-kinds.ts'
import type { Operation } from './operation-on-host.ts'

/** How an operation is kept. */
export interface RecordMeans {
  readonly storage: StorageClient
  /** Milliseconds without a sign of life after which a worker is taken for dead. */
  readonly lease: number
}

/** Thrown when an operation is no longer this worker's: cancelled, or taken over. */
export class OperationLost extends Error {
  override readonly name = 'OperationLost'
}

/** An operation that this process works on. */
export class OperationRecord<T extends Operation = Operation> {
  readonly kind: OperationKind<T>
  readonly #means: RecordMeans
  readonly #worker: string
  #model: T
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(kind: OperationKind<T>, means: RecordMeans, model: T) {
    this.kind = kind
    this.#means = means
    this.#worker = model.worker
    this.#model = model
  }

  /** Stores a new operation in place of the last one of its kind; `Conflict` while somebody works on that. */
  static async begin<T extends Operation>(
    kind: OperationKind<T>,
    means: RecordMeans,
    initial: T,
  ): Promise<OperationRecord<T>> {
    const last = await fetchLast(kind, means, initial.name)
    if (last && isAlive(last.model, means)) throw underWay(kind.definition.name, last.model)
    const revision = last?.revision ?? null
    const model = await means.storage.save(kind.definition, signed(initial), { revision })
    return new OperationRecord(kind, means, model)
  }

  /** Takes over an operation whose worker is dead; undefined where there is none. */
  static async takeOver<T extends Operation>(
    kind: OperationKind<T>,
    means: RecordMeans,
    name: string,
  ): Promise<OperationRecord<T> | undefined> {
    const last = await fetchLast(kind, means, name)
    if (last?.model.status !== 'in_process' || isAlive(last.model, means)) return undefined
    try {
      const model = await means.storage.save(kind.definition, signed(last.model), { revision: last.revision })
      return new OperationRecord(kind, means, model)
    } catch (error) {
      if (hasCode(error, errorTable.Conflict.code)) return undefined
      throw error
    }
  }

  /** As it was last stored. */
  get model(): T {
    return this.#model
  }

  /** Its kind and name, as no other operation is called. */
  get id(): string {
    return `${this.kind.definition.name} ${this.#model.name}`
  }

  /** Milliseconds that a signature lasts. */
  get lease(): number {
    return this.#means.lease
  }

  /** Stores a change, which also renews the signature. Throws `OperationLost` where it is not ours any more. */
  change(change: (model: T) => T): Promise<T> {
    return this.#write((model) => ({ ...change(model), renewed_at: timestamp() }))
  }

  /** Lets go of it, so that another need not wait for the signature to run out. */
  async release(): Promise<void> {
    await this.#write((model) => ({ ...model, worker: '', renewed_at: '' }))
  }

  /** One write after the other, so that what is known here is never older than what is stored. */
  #write(change: (model: T) => T): Promise<T> {
    const write = async (): Promise<T> => {
      this.#model = await this.#means.storage.update(this.kind.definition, this.#model.name, (model) => {
        if (model.worker !== this.#worker || model.status !== 'in_process') throw lost(this.id, model)
        return change(model)
      })
      return this.#model
    }
    const written = this.#writing.then(write, write)
    this.#writing = written.catch(() => undefined)
    return written
  }
}

function isAlive({ status, renewed_at }: Operation, { lease }: RecordMeans): boolean {
  return status === 'in_process' && Date.now() - (parseTimestamp(renewed_at)?.getTime() ?? 0) < lease
}

function signed<T extends Operation>(model: T): T {
  return { ...model, worker: randomUUID(), renewed_at: timestamp() }
}

async function fetchLast<T extends Operation>(
  { definition }: OperationKind<T>,
  { storage }: RecordMeans,
  name: string,
): Promise<Fetched<T> | undefined> {
  try {
    return await storage.fetch(definition, name)
  } catch (error) {
    if (hasCode(error, errorTable.StorageLookup.code)) return undefined
    throw error
  }
}

function underWay(kind: string, { name, started_at, in_process }: Operation): BusError {
  const at = in_process.length > 0 ? ` and is now at ${in_process.join(', ')}` : ''
  const message = `${kind} ${name} is in process since ${started_at}${at}; wait until it has ended`
  return new BusError('Conflict', message, { data: { name, started_at, in_process } })
}

function lost(id: string, { status }: Operation): OperationLost {
  return new OperationLost(
    status === 'in_process' ? `${id} was taken over by another worker` : `${id} is ${status}`,
  )
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
