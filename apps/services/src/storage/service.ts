/**
 * The storage service: the one part that has the store. Everybody else asks it, over the bus, by `storage.*`.
 *
 * What the methods do is in `StorageMethods`; here they meet the bus, and what they change is announced.
 */
import type { Message } from '@commissaire/bus'
import { CommissaireService, type MethodDeclarations, type ServiceOptions } from '@commissaire/service'
import { z } from 'zod'
import { type StorageConfig, StorageMethods, Store } from '@commissaire/storage'

import { version } from '../shared/version.ts'

/** What the storage service takes besides what every service takes. */
export interface StorageServiceOptions extends ServiceOptions {
  /** Which handlers have which models; all of them in one sqlite database where nothing is said. */
  readonly storage?: StorageConfig
  /** Where handlers keep their files, and the key of the vault; default `/var/lib/commissaire`. */
  readonly dataDir?: string
  /** The keys that secret models are sealed with; default `vault.key` in the data directory. */
  readonly keyFile?: string
  /** How errors name the configuration. */
  readonly configFile?: string
}

const model = ['model_type_name', 'model_json_data']

const Save = z.object({
  model_type_name: z.string(),
  model_json_data: z.any().refine((data) => data !== undefined, { error: 'is missing' }),
  revision: z.string().nullish(),
})

/** Brokers the storage and retrieval of persistent data. */
export class StorageService extends CommissaireService<StorageServiceOptions> {
  static override readonly doc = 'Brokers the storage and retrieval of persistent data.'
  static override readonly version = version
  static override readonly methods: MethodDeclarations = {
    save: { schema: Save, doc: 'Keeps one model or several, all or none.' },
    get: { params: model, doc: 'The model of that key, or the models.' },
    fetch: { params: model, doc: 'The model of that key with its revision.' },
    delete: { params: model, doc: 'Removes one model or several, all or none.' },
    list: {
      params: ['model_type_name', 'prefix'],
      doc: 'Everything of a list model, or what has a key that begins with `prefix`.',
    },
    list_store_handlers: { params: [], doc: 'The store handlers, and which models each has.' },
  }

  #store: Store | undefined
  #storing: StorageMethods | undefined
  #listening: AsyncDisposable | undefined

  constructor(options: StorageServiceOptions = {}) {
    super({ queues: [{ name: 'storage', routingKey: 'storage.*' }], ...options })
  }

  /** Opens the store, then the queue. */
  override async start(): Promise<void> {
    const { storage, dataDir, keyFile, configFile: file } = this.options
    const places = { ...(dataDir && { dataDir }), ...(keyFile && { keyFile }), ...(file && { file }) }
    this.#store = await Store.open(storage, { ...places, log: this.log })
    this.#storing = new StorageMethods(this.#store, {
      announce: (routingKey, event) => this.publish(routingKey, event, { persistent: false }),
      log: this.log,
    })
    await super.start()
    this.#listening = this.#storing.announceForeignChanges()
  }

  /** Closes the store when the last message is answered. */
  override async close(): Promise<void> {
    await this.#listening?.[Symbol.asyncDispose]()
    await super.close()
    await this.#store?.close()
  }

  /** Exposed as `storage.save`. */
  on_save(
    _message: Message,
    model_type_name: string,
    model_json_data: unknown,
    revision?: string | null,
  ): Promise<object> {
    return this.#methods.save(model_type_name, model_json_data, revision)
  }

  /** Exposed as `storage.get`. */
  on_get(_message: Message, model_type_name: string, model_json_data: unknown): Promise<object> {
    return this.#methods.get(model_type_name, model_json_data)
  }

  /** Exposed as `storage.fetch`: what a conditional save needs to know. */
  on_fetch(_message: Message, model_type_name: string, model_json_data: unknown): Promise<object> {
    return this.#methods.fetch(model_type_name, model_json_data)
  }

  /** Exposed as `storage.delete`. */
  on_delete(_message: Message, model_type_name: string, model_json_data: unknown): Promise<null> {
    return this.#methods.delete(model_type_name, model_json_data)
  }

  /** Exposed as `storage.list`. */
  on_list(_message: Message, model_type_name: string, prefix = ''): Promise<object[]> {
    return this.#methods.list(model_type_name, prefix)
  }

  /** Exposed as `storage.list_store_handlers`. */
  on_list_store_handlers(_message: Message): object[] {
    return this.#methods.listStoreHandlers()
  }

  get #methods(): StorageMethods {
    if (!this.#storing) throw new Error(`StorageService is ${this.state}: it has no store before start()`)
    return this.#storing
  }
}
