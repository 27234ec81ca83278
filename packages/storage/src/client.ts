/**
 * The typed client of the storage service, with which all other parts read and save models.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { BusError, type Requester } from '@commissaire/bus'
import type { z } from 'zod'
import { type ListDefinition, type ModelDefinition, parseModel } from '@commissaire/models'
import type { Page, PageQuery } from './page.ts'
import { isConflict, isMissing } from './refusals.ts'
import type { Fetched } from './store.ts'

/** How a save is to be done. */
export interface SaveOptions {
  /** The revision that must be there now; null: nothing may be there; left out: whatever is there. */
  readonly revision?: string | null
  readonly signal?: AbortSignal
}

/** Asks the storage service. Errors are the bus's: `StorageLookup` for what is not there, `Conflict` for a lost race. */
export class StorageClient {
  readonly #requester: Requester

  constructor(requester: Requester) {
    this.#requester = requester
  }

  /** The model of that key, or a `StorageLookup` error. */
  async get<T extends object>(definition: ModelDefinition<T>, key: string): Promise<T> {
    return parseModel(
      definition,
      await this.#ask('get', definition, { model_json_data: keyed(definition, key) }),
    )
  }

  /** The model of that key, if there is one. */
  async find<T extends object>(definition: ModelDefinition<T>, key: string): Promise<T | undefined> {
    return this.get(definition, key).catch(unlessMissing)
  }

  /** The model of that key with its revision, or a `StorageLookup` error. */
  async fetch<T extends object>(definition: ModelDefinition<T>, key: string): Promise<Fetched<T>> {
    const data = { model_json_data: keyed(definition, key) }
    const { model, revision } = await this.#ask<Fetched<object>>('fetch', definition, data)
    return { model: parseModel(definition, model), revision }
  }

  /** The model of that key with its revision, if there is one. */
  async findWithRevision<T extends object>(
    definition: ModelDefinition<T>,
    key: string,
  ): Promise<Fetched<T> | undefined> {
    return this.fetch(definition, key).catch(unlessMissing)
  }

  /** Every model of a list, or those whose keys begin so, by key. */
  async list<T extends object>(
    { name, of }: ListDefinition<T>,
    { prefix }: { prefix?: string } = {},
  ): Promise<T[]> {
    const params = { model_type_name: name, ...(prefix !== undefined && { prefix }) }
    const reply = await this.#requester.request<unknown[]>('storage.list', params)
    return reply.map((model) => parseModel(of, model))
  }

  /** A page of a list, by key. */
  async page<T extends object>(
    { name, of }: ListDefinition<T>,
    query: z.input<typeof PageQuery>,
  ): Promise<Page<T>> {
    const params = { model_type_name: name, query }
    const { models, next } = await this.#requester.request<Page<unknown>>('storage.page', params)
    return { models: models.map((model) => parseModel(of, model)), next }
  }

  /** Keeps the model, and gives it back as it was kept. */
  async save<T extends object>(
    definition: ModelDefinition<T>,
    model: T,
    { revision, signal }: SaveOptions = {},
  ): Promise<T> {
    const params = revision === undefined ? {} : { revision }
    return parseModel(
      definition,
      await this.#ask('save', definition, { model_json_data: model, ...params }, signal),
    )
  }

  /** Keeps all of the models or none, whatever is there. */
  async saveAll<T extends object>(definition: ModelDefinition<T>, models: readonly T[]): Promise<void> {
    if (models.length > 0) await this.#ask('save', definition, { model_json_data: models })
  }

  /**
   * Deletes the model with that key. Throws `StorageLookup` if there is none, and `Conflict` if it has another revision than
   * the one given.
   */
  async delete(
    definition: ModelDefinition,
    key: string,
    { revision }: { revision?: string } = {},
  ): Promise<void> {
    const expectation = revision === undefined ? {} : { revision }
    await this.#ask('delete', definition, { model_json_data: keyed(definition, key), ...expectation })
  }

  /** Removes the model of that key, if there is one. */
  async deleteIfPresent(definition: ModelDefinition, key: string): Promise<void> {
    await this.delete(definition, key).catch(unlessMissing)
  }

  /**
   * Deletes the model with that key if the condition holds for it, also when it is changed meanwhile. Returns whether it was
   * deleted. `condition` may be called several times.
   */
  async deleteIf<T extends object>(
    definition: ModelDefinition<T>,
    key: string,
    condition: (model: T) => boolean,
  ): Promise<boolean> {
    for (;;) {
      const found = await this.findWithRevision(definition, key)
      if (!found || !condition(found.model)) return false
      try {
        await this.delete(definition, key, { revision: found.revision })
        return true
      } catch (error) {
        if (!isConflict(error) && !isMissing(error)) throw error
      }
    }
  }

  /**
   * Reads a model, changes it and keeps it, so that nobody else's change is lost: when somebody was faster, it reads
   * and changes again. `change` may therefore be called several times; undefined leaves the model as it is.
   */
  async update<T extends object>(
    definition: ModelDefinition<T>,
    key: string,
    change: (model: T) => T | undefined | Promise<T | undefined>,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<T> {
    for (let turn = 1; ; turn++) {
      signal?.throwIfAborted()
      const { model, revision } = await this.fetch(definition, key)
      const changed = await change(structuredClone(model))
      if (changed === undefined) return model
      try {
        return await this.save(definition, changed, signal ? { revision, signal } : { revision })
      } catch (error) {
        if (turn === mostTurns || !isConflict(error)) throw error
      }
      await delay(Math.random() * Math.min(5 * turn, 100), undefined, { signal })
    }
  }

  #ask<T = unknown>(
    method: string,
    { name }: ModelDefinition,
    params: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<T> {
    const options = signal ? { signal } : {}
    return this.#requester.request<T>(`storage.${method}`, { model_type_name: name, ...params }, options)
  }
}

/** In every turn somebody gets through, so it takes that many others to be in the way. */
const mostTurns = 1000

function keyed(definition: ModelDefinition, key: string): Record<string, string> {
  if (definition.key !== undefined) return { [definition.key]: key }
  throw new BusError('InvalidParams', `${definition.name} is computed and not stored`)
}

function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}
