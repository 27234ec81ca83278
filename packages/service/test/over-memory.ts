/** A service of a test, on a memory bus of its own, and somebody who calls it. */
import { type Bus, connect } from '@commissaire/bus'
import type { CommissaireService, ServiceOptions } from '../src/index.ts'
import { Notebook } from './notebook.ts'

/** A running service and its caller; disposing of it closes both. */
export interface World<Service> extends AsyncDisposable {
  readonly bus: Bus
  readonly service: Service
  readonly log: Notebook
}

let worlds = 0

/** Starts a service that consumes `<prefix>.*`. */
export async function serve<Service extends CommissaireService>(
  serviceClass: new (options: ServiceOptions) => Service,
  prefix: string,
  options: ServiceOptions = {},
): Promise<World<Service>> {
  const log = new Notebook()
  const bus = await connect(`memory://world-${++worlds}`, { log })
  const service = new serviceClass({
    bus,
    log,
    queues: [{ name: prefix, routingKey: `${prefix}.*` }],
    ...options,
  })
  await service.start()
  const close = async () => {
    await service.close()
    await bus.close()
  }
  return { bus, service, log, [Symbol.asyncDispose]: close }
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was expected to fail, and did not')
}
