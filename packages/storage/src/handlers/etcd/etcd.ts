/**
 * Stores values in etcd, under the keys that other tools know: `/commissaire/hosts/<address>` and so on. Several
 * storage services on several machines may share one cluster.
 */
import type { IKeyValue } from 'etcd3'
import { conflict, requireExpected } from '../../faults.ts'
import type {
  Deletion,
  ForeignChange,
  HandlerLog,
  HandlerPage,
  Place,
  Stored,
  StoreHandler,
  Write,
  Written,
} from '../../handler.ts'
import { folderOf, pathOf, placeAt } from '../../keys.ts'
import { EtcdConnection } from './connection.ts'
import { hearForeign } from './foreign.ts'
import type { EtcdOptions } from './options.ts'
import { meets } from '../../page.ts'
import { pairsFrom, readPages } from './pages.ts'
import {
  asStored,
  deleteRequest,
  probeRequest,
  readConflict,
  readDeleted,
  readSaved,
  saveRequest,
} from './transactions.ts'

export { type EtcdOptions, options } from './options.ts'

/** What it holds outlives the process. */
export const lasting = true

/** Connects, or throws a StoreFault that says why not. */
export async function open(given: EtcdOptions): Promise<StoreHandler> {
  return new EtcdHandler(await EtcdConnection.open(given))
}

class EtcdHandler implements StoreHandler {
  readonly #connection: EtcdConnection

  constructor(connection: EtcdConnection) {
    this.#connection = connection
  }

  async get(place: Place): Promise<Stored | undefined> {
    const { kvs } = await this.#connection.range({ key: Buffer.from(pathOf(place)) })
    return kvs[0] && asStored(place, kvs[0])
  }

  async list(model: string, prefix = ''): Promise<Stored[]> {
    const pairs = await readPages(this.#connection, folderOf(model) + prefix)
    const found = pairs.flatMap((pair) => asOneOf(model, pair))
    return found.sort((one, other) => (one.key < other.key ? -1 : 1))
  }

  async page(model: string, { after, limit, ...conditions }: HandlerPage): Promise<Stored[]> {
    const found: Stored[] = []
    const start = after === '' ? folderOf(model) : `${pathOf({ model, key: after })}\0`
    for await (const pair of pairsFrom(this.#connection, { folder: folderOf(model), start })) {
      found.push(...asOneOf(model, pair).filter(({ value }) => meets(value, conditions)))
      if (found.length === limit) return found
    }
    return found
  }

  async save(writes: readonly Write[]): Promise<Written[]> {
    if (writes.length === 0) return []
    const response = await this.#connection.txn(saveRequest(writes))
    if (response.succeeded) return readSaved(writes, response)
    const { write, found } = readConflict(writes, response)
    throw conflict(write, write.expected ?? null, found)
  }

  async delete(deletions: readonly Deletion[]): Promise<(Stored | undefined)[]> {
    if (deletions.length === 0) return []
    const response = await this.#connection.txn(deleteRequest(deletions))
    const found = readDeleted(deletions, response)
    if (!response.succeeded) requireExpected(deletions, found)
    return found
  }

  watch(hear: (change: ForeignChange) => Promise<void>, { log }: { log: HandlerLog }): AsyncDisposable {
    return hearForeign(this.#connection, hear, { log })
  }

  async probe(): Promise<void> {
    await this.#connection.txn(probeRequest())
  }

  async close(): Promise<void> {
    this.#connection.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Models that share a folder, such as `cluster/<name>/deploy` and `…/restart`, are told apart by the rest of the path. */
function asOneOf(model: string, pair: IKeyValue): Stored[] {
  const place = placeAt(pair.key.toString())
  return place?.model === model ? [asStored(place, pair)] : []
}
