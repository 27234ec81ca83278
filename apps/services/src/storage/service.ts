/**
 * The storage service: the only part with access to the store. All others use it over the bus, by `storage.*`.
 *
 * `StorageMethods` implements the methods; this class connects them to the bus, and announces changes.
 */
import type { Message } from '@commissaire/bus'
import {
  CommissaireService,
  type MethodDeclarations,
  type MethodHandlers,
  type MethodInput,
  type ServiceOptions,
} from '@commissaire/service'
import { z } from 'zod'
import { type StorageConfig, StorageMethods, Store } from '@commissaire/storage'

import { orDefault } from '../shared/optional-argument.ts'
import { version } from '../shared/version.ts'

/** The options of the storage service besides those of every service. */
export interface StorageServiceOptions extends ServiceOptions {
  /** Which handlers have which models; by default one sqlite database has all. */
  readonly storage?: StorageConfig
  /** The folder of the handlers' files and of the vault's key; default `/var/lib/commissaire`. */
  readonly dataDir?: string
  /** The file of the keys that seal secret models; default `vault.key` in the data directory. */
  readonly keyFile?: string
  /** The name of the configuration file in error messages. */
  readonly configFile?: string
}

const model = {
  model_type_name: z.string(),
  model_json_data: z.any().refine((data) => data !== undefined, { error: 'is missing' }),
}

/** The methods of the storage service as `storage.*`. The order of the arguments is that of the positional calls of peers. */
export const storageMethods = {
  save: {
    input: z.object({ ...model, revision: z.string().nullish() }),
    doc: 'Stores one model or several, all or none.',
  },
  get: { input: z.object(model), doc: 'Returns the model with that key, or the models.' },
  fetch: { input: z.object(model), doc: 'Returns the model with that key and its revision.' },
  delete: {
    input: z.object({ ...model, revision: z.string().nullish() }),
    doc: 'Deletes one model or several, all or none.',
  },
  list: {
    input: z.object({ model_type_name: z.string(), prefix: orDefault(z.string(), '') }),
    doc: 'Returns all models of a list, or those whose key begins with `prefix`.',
  },
  page: {
    input: z.object({ model_type_name: z.string(), query: z.unknown() }),
    doc: 'Returns a page of a list: the models that meet the conditions of `query`, and where the next page begins.',
  },
  store_health: { doc: 'Returns for each store whether it can be read and written, and if not, why.' },
  list_store_handlers: { doc: 'Returns the store handlers, and the models of each.' },
} satisfies MethodDeclarations

/** Brokers the storage and retrieval of persistent data. */
export class StorageService
  extends CommissaireService<StorageServiceOptions>
  implements MethodHandlers<typeof storageMethods>
{
  static override readonly doc = 'Brokers the storage and retrieval of persistent data.'
  static override readonly version = version
  static override readonly methods = storageMethods

  #store: Store | undefined
  #storageMethods: StorageMethods | undefined
  #listening: AsyncDisposable | undefined

  constructor(options: StorageServiceOptions = {}) {
    super({ queues: [{ name: 'storage', routingKey: 'storage.*' }], ...options })
  }

  /** Opens the store, then consumes the queue. */
  override async start(): Promise<void> {
    const { storage, dataDir, keyFile, configFile: file } = this.options
    const places = { ...(dataDir && { dataDir }), ...(keyFile && { keyFile }), ...(file && { file }) }
    this.#store = await Store.open(storage, { ...places, log: this.log })
    this.#storageMethods = new StorageMethods(this.#store, {
      announce: (routingKey, event) => this.publish(routingKey, event, { persistent: false }),
      log: this.log,
    })
    await super.start()
    this.#listening = this.#storageMethods.announceForeignChanges()
  }

  /** Closes the store after the last message is answered. */
  override async close(): Promise<void> {
    await this.#listening?.[Symbol.asyncDispose]()
    await super.close()
    await this.#store?.close()
  }

  /** Exposed as `storage.save`. */
  on_save(
    _message: Message,
    { model_type_name, model_json_data, revision }: MethodInput<typeof storageMethods.save>,
  ): Promise<object> {
    return this.#methods.save(model_type_name, model_json_data, revision)
  }

  /** Exposed as `storage.get`. */
  on_get(
    _message: Message,
    { model_type_name, model_json_data }: MethodInput<typeof storageMethods.get>,
  ): Promise<object> {
    return this.#methods.get(model_type_name, model_json_data)
  }

  /** Exposed as `storage.fetch`. Conditional saves need the revision. */
  on_fetch(
    _message: Message,
    { model_type_name, model_json_data }: MethodInput<typeof storageMethods.fetch>,
  ): Promise<object> {
    return this.#methods.fetch(model_type_name, model_json_data)
  }

  /** Exposed as `storage.delete`. */
  on_delete(
    _message: Message,
    { model_type_name, model_json_data, revision }: MethodInput<typeof storageMethods.delete>,
  ): Promise<null> {
    return this.#methods.delete(model_type_name, model_json_data, revision)
  }

  /** Exposed as `storage.list`. */
  on_list(
    _message: Message,
    { model_type_name, prefix }: MethodInput<typeof storageMethods.list>,
  ): Promise<object[]> {
    return this.#methods.list(model_type_name, prefix)
  }

  /** Exposed as `storage.page`. */
  on_page(
    _message: Message,
    { model_type_name, query }: MethodInput<typeof storageMethods.page>,
  ): Promise<object> {
    return this.#methods.page(model_type_name, query)
  }

  /** Exposed as `storage.store_health`. */
  on_store_health(_message: Message): Promise<object[]> {
    return this.#methods.storeHealth()
  }

  /** Exposed as `storage.list_store_handlers`. */
  on_list_store_handlers(_message: Message): object[] {
    return this.#methods.listStoreHandlers()
  }

  get #methods(): StorageMethods {
    if (!this.#storageMethods)
      throw new Error(`StorageService is ${this.state}: it has no store before start()`)
    return this.#storageMethods
  }
}
