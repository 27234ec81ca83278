/**
 * The methods of the storage service without the bus. An argument is a model or its JSON text, or a list of either.
 */
import { BusError, type Logger } from '@commissaire/bus'
import {
  findList,
  holdsBlanks,
  lists,
  type ListDefinition,
  type ModelDefinition,
  parseModel,
  restoreSecrets,
  safeModel,
  ValidationError,
} from '@commissaire/models'
import { z } from 'zod'
import { asBusError, eachOf, readItems } from './arguments.ts'
import { storedModel } from './keys.ts'
import { identify, notFound } from './lookup.ts'
import { type Page, PageQuery } from './page.ts'
import { isConflict } from './refusals.ts'
import type { Change, Fetched, HandlerDescription, Kept, Store, StoreHealth } from './store.ts'

/** The announcement of a change on `notify.storage.<Model>.<event>`, or `internal.storage.…` for internal models. */
export interface StorageEvent {
  readonly event: 'created' | 'updated' | 'deleted'
  readonly class: string
  /** Without its hidden attributes. */
  readonly model: Record<string, unknown>
}

/** What the methods need from the service. */
export interface StorageMethodsOptions {
  /** Sends an event, transient; called before the method's reply. */
  readonly announce: (routingKey: string, event: StorageEvent) => Promise<void>
  readonly log?: Pick<Logger, 'info' | 'warn'>
}

/** The methods of the storage service, without the bus. */
export class StorageMethods {
  readonly #store: Store
  readonly #options: StorageMethodsOptions

  constructor(store: Store, options: StorageMethodsOptions) {
    this.#store = store
    this.#options = options
  }

  /** Keeps one model or several, all or none. Attributes that older peers do not know stay when they are not given. */
  async save(model_type_name: string, model_json_data: unknown, revision?: string | null): Promise<object> {
    const definition = storedModel(model_type_name)
    const { items, asGiven } = readItems(definition, model_json_data)
    requireOne(items, revision, model_type_name)
    const kept = await this.#saveAll(definition, items, revision)
    for (const { model, created } of kept)
      await this.#announce(created ? 'created' : 'updated', definition, model)
    return asGiven(kept.map(({ model }) => model))
  }

  /** The model, or the models, of that key. */
  async get(model_type_name: string, model_json_data: unknown): Promise<object> {
    const { asGiven, found } = await this.#find(model_type_name, model_json_data)
    return asGiven(found.map(({ model }) => model))
  }

  /** The model with its revision, or a list of such. */
  async fetch(model_type_name: string, model_json_data: unknown): Promise<object> {
    const { asGiven, found } = await this.#find(model_type_name, model_json_data)
    return asGiven(found)
  }

  /** Deletes one model or several, all or none; with a revision, one model if it still has that revision. */
  async delete(model_type_name: string, model_json_data: unknown, revision?: string | null): Promise<null> {
    const definition = storedModel(model_type_name)
    const { items } = readItems(definition, model_json_data)
    requireOne(items, revision ?? undefined, model_type_name)
    const keys = eachOf(definition, items, (item) => identify(definition, item))
    const deleted = await this.#store.delete(definition, keys, { revision: revision ?? undefined })
    for (const model of deleted) await this.#announce('deleted', definition, model)
    return null
  }

  /** Everything of a list model whose key begins so. */
  async list(model_type_name: string, prefix = ''): Promise<object[]> {
    return this.#store.list(this.#listNamed(model_type_name), { prefix })
  }

  #listNamed(model_type_name: string): ListDefinition {
    const definition = findList(model_type_name)
    if (definition) return definition
    const allowed = Object.keys(lists).join(', ')
    const found = JSON.stringify(model_type_name) ?? 'missing'
    throw invalid(`"model_type_name" is ${found}; lists: ${allowed}`, { model_type_name })
  }

  /** A page of a list model. */
  async page(model_type_name: string, query: unknown): Promise<Page<object>> {
    const parsed = PageQuery.safeParse(query)
    if (!parsed.success)
      throw invalid(`"query" is not valid: ${z.prettifyError(parsed.error)}`, { model_type_name })
    return this.#store.page(this.#listNamed(model_type_name), parsed.data)
  }

  /** Announces also what others change past every store, say with another tool, until it is disposed of. */
  announceForeignChanges(): AsyncDisposable {
    const log = this.#options.log ?? { info() {}, warn() {} }
    return this.#store.watch(({ event, definition, model }) => this.#announce(event, definition, model), {
      log,
    })
  }

  /** The handlers and their models. */
  listStoreHandlers(): HandlerDescription[] {
    return this.#store.describe()
  }

  /** Whether each store can be read and written. */
  storeHealth(): Promise<StoreHealth[]> {
    return this.#store.health()
  }

  async #find(
    model_type_name: string,
    model_json_data: unknown,
  ): Promise<{ found: Fetched<object>[]; asGiven: <T extends object>(results: T[]) => T | T[] }> {
    const definition = storedModel(model_type_name)
    const { items, asGiven } = readItems(definition, model_json_data)
    const keys = eachOf(definition, items, (item) => identify(definition, item))
    const found = keys.map(async (key, index) => {
      const one = await this.#store.find(definition, key)
      if (!one) throw notFound(definition, key, items[index])
      return one
    })
    return { found: await Promise.all(found), asGiven }
  }

  /** What was merged with what is there is only kept on top of just that; when somebody was faster, merge again. */
  async #saveAll(
    definition: ModelDefinition,
    items: readonly Record<string, unknown>[],
    revision: string | null | undefined,
  ): Promise<Kept<object>[]> {
    for (let turn = 1; ; turn++) {
      const changes = await this.#changes(definition, items, revision)
      const merged = revision === undefined && changes.some((change) => change.revision !== undefined)
      try {
        return await this.#store.save(definition, changes)
      } catch (error) {
        if (!merged || turn === mostMerges || !isConflict(error)) throw error
      }
    }
  }

  async #changes(
    definition: ModelDefinition,
    items: readonly Record<string, unknown>[],
    revision: string | null | undefined,
  ): Promise<Change<object>[]> {
    const models = eachOf(definition, items, (item) => parseModel(definition, item))
    return Promise.all(
      models.map(async (model, index) => {
        const missing = definition.kept.filter((name) => items[index]?.[name] === undefined)
        if (missing.length > 0 || holdsBlanks(definition, model))
          return this.#merge(definition, model, { missing, revision })
        return revision === undefined ? { model } : { model, revision }
      }),
    )
  }

  async #merge(
    definition: ModelDefinition,
    model: object,
    { missing, revision }: { missing: readonly string[]; revision: string | null | undefined },
  ): Promise<Change<object>> {
    const there = await this.#store.find(definition, identify(definition, model))
    const old = missing.map((name) => [name, Reflect.get(there?.model ?? model, name)])
    const expected = revision === undefined ? (there?.revision ?? null) : revision
    const merged = { ...model, ...Object.fromEntries(old) }
    return { model: restored(definition, merged, there?.model), revision: expected }
  }

  /** The change is kept already: that nobody hears of it must not make it look as if it were not. */
  async #announce(event: StorageEvent['event'], definition: ModelDefinition, model: object): Promise<void> {
    const { announced, name } = definition
    if (announced === 'never') return
    const routingKey = `${announced === 'all' ? 'notify' : 'internal'}.storage.${name}.${event}`
    try {
      const shown = safeModel(definition, model)
      await this.#options.announce(routingKey, { event, class: definition.name, model: shown })
    } catch (err) {
      this.#options.log?.warn({ err, routingKey }, 'A change was kept but could not be announced')
    }
  }
}

/** Whoever saves what they were shown does not overwrite secrets with the blanks that stood for them. */
function restored(definition: ModelDefinition, model: object, present: object | undefined): object {
  try {
    return restoreSecrets(definition, model, present)
  } catch (error) {
    throw error instanceof ValidationError ? asBusError(error) : error
  }
}

/** Somebody else has to be faster that often in a row before a save gives up. */
const mostMerges = 100

function requireOne(
  items: readonly object[],
  revision: string | null | undefined,
  model_type_name: string,
): void {
  if (revision === undefined || items.length === 1) return
  throw invalid('"revision" goes with one model, not with a list', { model_type_name })
}

function invalid(message: string, facts: Record<string, unknown>): BusError {
  return new BusError('InvalidParams', message, { data: { exception: 'InvalidParams', ...facts } })
}
