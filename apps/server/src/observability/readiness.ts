/** Whether the storage service and its stores are usable: asked at most once a second, however often the answer is needed. */
import type { Requester } from '@commissaire/bus'
import { z } from 'zod'
import { busErrorName } from '../http/errors.ts'

/** How long an answer is reused, in milliseconds. */
const CACHE_TIME = 1000

/** How long the storage may take to answer, in milliseconds. */
const STORAGE_TIMEOUT = 1000

const Stores = z.array(z.object({ store: z.string(), usable: z.boolean(), reason: z.string() }))

/** Whether one store can be read and written; `reason` says why not. */
export type StoreHealth = z.infer<typeof Stores>[number]

/** The readiness of the storage. */
export class StorageReadiness {
  readonly #bus: Requester
  #asked: Promise<StoreHealth[]> | undefined
  #askedAt = -Infinity

  constructor(bus: Requester) {
    this.#bus = bus
  }

  /** Returns the health of each store. Throws when the storage service does not answer in time. */
  stores(): Promise<StoreHealth[]> {
    if (!this.#asked || performance.now() - this.#askedAt > CACHE_TIME) {
      this.#askedAt = performance.now()
      this.#asked = this.#ask()
    }
    return this.#asked
  }

  /** A storage service of another version may not have the method; that it answers is then what is known. */
  async #ask(): Promise<StoreHealth[]> {
    try {
      return Stores.parse(await this.#bus.request('storage.store_health', [], { timeout: STORAGE_TIMEOUT }))
    } catch (error) {
      const name = busErrorName(error)
      if (name === 'MethodNotFound' || name === 'InvalidRequest') return []
      throw error
    }
  }
}
