/**
 * Stores values in memory only, for tests and trials.
 */
import { z } from 'zod'
import { conflict, requireExpected, StoreFault } from '../faults.ts'
import type { Deletion, HandlerPage, Place, Stored, StoreHandler, Write, Written } from '../handler.ts'
import { meets } from '../page.ts'

/** A memory handler has nothing to configure. */
export const options = z.strictObject({})

/** What it holds is gone with the process. */
export const lasting = false

/** Opens an empty memory. */
export function open(): Promise<StoreHandler> {
  return Promise.resolve(new MemoryHandler())
}

class MemoryHandler implements StoreHandler {
  readonly #models = new Map<string, Map<string, Stored>>()
  #revision = 0
  #closed = false

  async get({ model, key }: Place): Promise<Stored | undefined> {
    return this.#of(model).get(key)
  }

  async list(model: string, prefix = ''): Promise<Stored[]> {
    const found = [...this.#of(model).values()].filter(({ key }) => key.startsWith(prefix))
    return found.sort((one, other) => (one.key < other.key ? -1 : 1))
  }

  async page(model: string, { after, limit, ...conditions }: HandlerPage): Promise<Stored[]> {
    const all = (await this.list(model)).filter(({ key }) => key > after)
    return all.filter(({ value }) => meets(value, conditions)).slice(0, limit)
  }

  async save(writes: readonly Write[]): Promise<Written[]> {
    for (const write of writes) this.#check(write)
    return writes.map((write) => this.#put(write))
  }

  async delete(deletions: readonly Deletion[]): Promise<(Stored | undefined)[]> {
    const found = deletions.map(({ model, key }) => this.#of(model).get(key))
    requireExpected(deletions, found)
    if (found.every((stored) => stored !== undefined)) {
      for (const { model, key } of deletions) this.#of(model).delete(key)
    }
    return found
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#models.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #of(model: string): Map<string, Stored> {
    if (this.#closed) throw new StoreFault('closed', 'The memory store is closed')
    const known = this.#models.get(model)
    if (known) return known
    const fresh = new Map<string, Stored>()
    this.#models.set(model, fresh)
    return fresh
  }

  #check({ model, key, expected }: Write): void {
    const found = this.#of(model).get(key)?.revision
    if (expected !== undefined && expected !== (found ?? null))
      throw conflict({ model, key }, expected, found)
  }

  #put({ model, key, value }: Write): Written {
    const revision = String(++this.#revision)
    const created = !this.#of(model).has(key)
    this.#of(model).set(key, { model, key, value, revision })
    return { revision, created }
  }
}
