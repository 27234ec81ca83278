/** A storage service as small as can be: the methods behind a queue of a bus that nobody else is on. */
import { randomUUID } from 'node:crypto'
import { type Bus, BusError, connect, type Message } from '@commissaire/bus'
import { z } from 'zod'
import { type Store, StorageClient, StorageMethods } from '../src/index.ts'

/** A bus with the store's methods on `storage.*`, and a client of it. */
export interface StorageOverBus extends AsyncDisposable {
  readonly bus: Bus
  readonly storage: StorageClient
}

/** Serves a store, which it closes at the end. */
export async function serveStorage(store: Store): Promise<StorageOverBus> {
  const bus = await connect(`memory://${randomUUID()}`)
  const announce = bus.publish.bind(bus)
  const methods = new StorageMethods(store, {
    announce: (key, event) => announce(key, event, { persistent: false }),
  })
  const queue = { name: 'storage', routingKeys: ['storage.*'] }
  await bus.serve(queue, { prefetch: 16, handler: (message) => dispatch(methods, message) })
  return {
    bus,
    storage: new StorageClient(bus),
    async [Symbol.asyncDispose]() {
      await bus.close()
      await store.close()
    },
  }
}

const asked = z.looseObject({
  model_type_name: z.string().default(''),
  model_json_data: z.unknown().optional(),
  revision: z.string().nullable().optional(),
})

function dispatch(methods: StorageMethods, { method = '', params }: Message): unknown {
  const { model_type_name: name, model_json_data: data, revision } = asked.parse(params)
  const table: Record<string, () => unknown> = {
    save: () => methods.save(name, data, revision),
    get: () => methods.get(name, data),
    fetch: () => methods.fetch(name, data),
    delete: () => methods.delete(name, data, revision),
    list: () => methods.list(name),
    list_store_handlers: () => methods.listStoreHandlers(),
  }
  const work = table[method]
  if (!work) throw new BusError('MethodNotFound', `no method ${method}`)
  return work()
}
