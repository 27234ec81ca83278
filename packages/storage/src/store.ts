/**
 * The store: puts each model into the handler that the configuration assigns, seals secret models, and validates models when
 * they are written and read. Only the storage service has one; all other parts use a StorageClient.
 */
import { resolve } from 'node:path'
import {
  blankSecrets,
  defaultNetwork,
  findModel,
  keyOf,
  type ListDefinition,
  type ModelDefinition,
  Network,
  parseModelText,
  ValidationError,
} from '@commissaire/models'
import { StoreFault } from './faults.ts'
import type { ForeignChange, HandlerLog, Stored, Write } from './handler.ts'
import { ExternalHosts } from './external-hosts.ts'
import { type OpenHandler, openHandlers } from './handlers/open-handlers.ts'
import { readPage } from './handlers/read-page.ts'
import { keyPath, storedModel } from './keys.ts'
import { notFound } from './lookup.ts'
import { type PlacedHandler, placeModels, type StorageConfig } from './configuration/placement.ts'
import type { Page, PageQuery } from './page.ts'
import { isConflict } from './refusals.ts'
import { openOptions, sealOptions } from './vault/sealed-options.ts'
import { Vault } from './vault/vault.ts'

/** The folder of files and keys, if no other is given. */
export const defaultDataDir = '/var/lib/commissaire'

/** Where a store finds its files. */
export interface StoreOptions {
  /** Where handlers keep files; default `/var/lib/commissaire`. */
  readonly dataDir?: string
  /** The keys that secret models are sealed with; default `vault.key` in the data directory. */
  readonly keyFile?: string
  /** How errors name the configuration, and from where it names modules; default `storage.conf`. */
  readonly file?: string
  /** Who hears that a source of external hosts does not answer. */
  readonly log?: HandlerLog
}

/** A model to be kept. */
export interface Change<T> {
  readonly model: T
  /** The revision that must be there now; null: nothing may be there; left out: whatever is there. */
  readonly revision?: string | null
}

/** A model as it was when it was read. */
export interface Fetched<T> {
  readonly model: T
  readonly revision: string
}

/** A model that was kept. */
export interface Kept<T> extends Fetched<T> {
  /** True when nothing was there before. */
  readonly created: boolean
}

/** A handler as `list_store_handlers` shows it, with the secrets in its configuration blanked. */
export interface HandlerDescription {
  readonly handler_type: string
  readonly config: Record<string, unknown>
  readonly model_types: readonly string[]
}

/** A change that somebody made past the store, say with another tool. */
export interface HeardChange {
  readonly event: ForeignChange['event']
  readonly definition: ModelDefinition
  readonly model: object
}

/** Whether a store can be read and written. */
export interface StoreHealth {
  /** The name of its handler. */
  readonly store: string
  readonly usable: boolean
  /** What is wrong and what to do; empty when it is usable. */
  readonly reason: string
}

/** Keeps models. Open one with `Store.open`. */
export class Store implements AsyncDisposable {
  readonly #handlers: readonly OpenHandler[]
  readonly #vault: Vault
  readonly #external: ExternalHosts

  private constructor(handlers: readonly OpenHandler[], vault: Vault, log: HandlerLog) {
    this.#handlers = handlers
    this.#vault = vault
    this.#external = new ExternalHosts(new Map(handlers.map(({ name, handler }) => [name, handler])), log)
  }

  /** Opens every handler of the configuration, and puts the default network where it belongs. */
  static async open(config: StorageConfig = {}, options: StoreOptions = {}): Promise<Store> {
    const store = await Store.openAsIs(config, options)
    await store.#prepare()
    return store
  }

  /** Opens every handler of the configuration, and writes nothing. */
  static async openAsIs(config: StorageConfig = {}, options: StoreOptions = {}): Promise<Store> {
    const { dataDir = defaultDataDir, keyFile, file = 'storage.conf', log = silent } = options
    const placed = await placeModels(config, { file })
    const vault = await openVault(placed, { dataDir, keyFile })
    return new Store(await openHandlers(placed, dataDir), vault, log)
  }

  /** The model of that key, or a `StorageLookup` error. */
  async get<T extends object>(definition: ModelDefinition<T>, key: string): Promise<T> {
    return (await this.fetch(definition, key)).model
  }

  /** The model of that key with its revision, or a `StorageLookup` error. */
  async fetch<T extends object>(definition: ModelDefinition<T>, key: string): Promise<Fetched<T>> {
    const found = await this.find(definition, key)
    if (!found) throw notFound(definition, key)
    return found
  }

  /** The model of that key with its revision, if there is one. */
  async find<T extends object>(definition: ModelDefinition<T>, key: string): Promise<Fetched<T> | undefined> {
    const stored = await this.#placedOf(definition).handler.get({ model: definition.name, key })
    if (!stored) return undefined
    const ours = this.#read(definition, stored)
    const [model = ours] = await this.#external.complete(definition, [ours])
    return { model, revision: stored.revision }
  }

  /** Every model of a list, or those whose keys begin so, by key. */
  async list<T extends object>(
    { of }: Pick<ListDefinition<T>, 'of'>,
    { prefix }: { prefix?: string } = {},
  ): Promise<T[]> {
    const stored = await this.#placedOf(of).handler.list(of.name, prefix)
    return this.#external.complete(
      of,
      stored.map((each) => this.#read(of, each)),
    )
  }

  /** A page of a list, by key. */
  async page<T extends object>({ of }: Pick<ListDefinition<T>, 'of'>, query: PageQuery): Promise<Page<T>> {
    const { handler } = this.#placedOf(of)
    // One more than asked for says whether there is a next page.
    const stored = await readPage(handler, of.name, { ...query, limit: query.limit + 1 })
    const shown = stored.slice(0, query.limit)
    const models = await this.#external.complete(
      of,
      shown.map((each) => this.#read(of, each)),
    )
    return { models, next: stored.length > query.limit ? (shown.at(-1)?.key ?? null) : null }
  }

  /** Keeps all of the models or none; a `Conflict` error when one is not at the revision it should be at. */
  async save<T extends object>(
    definition: ModelDefinition<T>,
    changes: readonly Change<T>[],
  ): Promise<Kept<T>[]> {
    const { handler, health } = this.#placedOf(definition)
    for (const { model } of changes) this.#external.check(definition, model)
    const writes = changes.map((change) => this.#write(definition, change))
    const written = await health.track(() => handler.save(writes))
    return written.map(({ revision, created }, index) => ({
      model: modelAt(changes, index),
      revision,
      created,
    }))
  }

  /**
   * Deletes all models or none, and resolves with what was there. Throws `StorageLookup` when one is not there, and
   * `Conflict` when one has another revision than the one given.
   */
  async delete<T extends object>(
    definition: ModelDefinition<T>,
    keys: readonly string[],
    { revision }: { revision?: string | undefined } = {},
  ): Promise<T[]> {
    const expectation = revision === undefined ? {} : { expected: revision }
    const places = keys.map((key) => ({ model: definition.name, key, ...expectation }))
    const { handler, health } = this.#placedOf(definition)
    const found = await health.track(() => handler.delete(places))
    return found.map((stored, index) => {
      if (!stored) throw notFound(definition, keys[index] ?? '')
      return this.#read(definition, stored)
    })
  }

  /** The handlers, what each was told, and which models each has. */
  describe(): HandlerDescription[] {
    return this.#handlers.map(({ name, type, options, models }) => ({
      handler_type: type,
      config: blankSecrets({ type, name, ...options }),
      model_types: models,
    }))
  }

  /** Checks every store. */
  health(): Promise<StoreHealth[]> {
    const checks = this.#handlers.map(async ({ name, health }) => {
      const fault = await health.check()
      return { store: name, usable: fault === undefined, reason: fault?.message ?? '' }
    })
    return Promise.all(checks)
  }

  /** Tells of changes that were made past every store, until it is disposed of. Of secret models nothing is told. */
  watch(hear: (change: HeardChange) => Promise<void>, { log }: { log: HandlerLog }): AsyncDisposable {
    const watches = new AsyncDisposableStack()
    const read = async (change: ForeignChange) => {
      const heard = this.#heard(change, log)
      if (heard) await hear(heard)
    }
    for (const { handler } of this.#handlers) watches.use(handler.watch?.(read, { log }))
    return watches
  }

  /** Closes every handler. */
  async close(): Promise<void> {
    await Promise.all(this.#handlers.map(({ handler }) => handler.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #prepare(): Promise<void> {
    try {
      await this.save(Network, [{ model: defaultNetwork, revision: null }])
    } catch (error) {
      if (isConflict(error)) return
      await this.close()
      throw error
    }
  }

  #placedOf(definition: ModelDefinition): OpenHandler {
    const { name } = storedModel(definition.name)
    const placed = this.#handlers.find(({ models }) => models.includes(name))
    if (!placed) throw new TypeError(`no handler has ${name}`)
    return placed
  }

  #heard(change: ForeignChange, log: HandlerLog): HeardChange | undefined {
    const definition = storedModel(change.model)
    if (definition.announced === 'never') return undefined
    const { event, key, value } = change
    try {
      const text = value ?? JSON.stringify({ [definition.key ?? '']: key })
      const model = this.#read(definition, { model: definition.name, key, value: text, revision: '' })
      return { event, definition, model }
    } catch (err) {
      log.warn(
        { err },
        `${keyPath(definition, key)} was changed by another tool to what is no ${definition.name}`,
      )
      return undefined
    }
  }

  #write<T extends object>(definition: ModelDefinition<T>, { model, revision }: Change<T>): Write {
    const place = { model: definition.name, key: keyOf(definition, model) }
    const text = JSON.stringify(sealOptions(definition, model, { vault: this.#vault, place }))
    const value = definition.secret ? this.#vault.seal(place, text) : text
    return revision === undefined ? { ...place, value } : { ...place, value, expected: revision }
  }

  #read<T extends object>(definition: ModelDefinition<T>, stored: Stored): T {
    const text = definition.secret ? this.#vault.open(stored, stored.value) : stored.value
    try {
      return parseModelText(definition, openOptions(definition, text, { vault: this.#vault, place: stored }))
    } catch (cause) {
      if (!(cause instanceof ValidationError)) throw cause
      const what = `What is stored as ${keyPath(definition, stored.key)} cannot be read`
      throw new StoreFault('damaged', `${what}: ${cause.message}`, { cause })
    }
  }
}

const silent: HandlerLog = { info() {}, warn() {} }

async function openVault(
  handlers: readonly PlacedHandler[],
  { dataDir, keyFile }: { dataDir: string; keyFile: string | undefined },
): Promise<Vault> {
  const isSealed = (name: string) => {
    const definition = findModel(name)
    return definition !== undefined && (definition.secret || definition.guarded.length > 0)
  }
  const lasting = handlers.some(({ kind, models }) => kind.lasting && models.some(isSealed))
  if (!lasting && keyFile === undefined) return Vault.forThisProcess()
  return Vault.fromFile(resolve(dataDir, keyFile ?? 'vault.key'))
}

function modelAt<T>(changes: readonly Change<T>[], index: number): T {
  const change = changes[index]
  if (!change) throw new TypeError('a handler answered for more than it was given')
  return change.model
}
