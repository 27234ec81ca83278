/** A storage service with one host, and a container manager service that answers as it is told. */
import { Cluster, Host, parseModel } from '@commissaire/models'

import { Store } from '../../src/index.ts'
import { serveStorage, type StorageOverBus } from '../storage-over-bus.ts'

/** The host that there is. */
export const address = '10.2.0.2'

/** How the store is configured. */
export const memory = { storage_handlers: [{ type: 'memory' }] }

/** A storage service with one host, in that status. */
export async function open(given: Partial<Host> = {}): Promise<StorageOverBus> {
  const service = await serveStorage(await Store.open(memory))
  await service.storage.save(Host, parseModel(Host, { address, ...given }))
  return service
}

/** A container manager service that answers every call so, or throws it, and what it was asked. */
export async function containers({ bus }: StorageOverBus, answer: unknown) {
  const asked: string[] = []
  const warnings: unknown[] = []
  const queue = { name: 'containermgr', routingKeys: ['container.*'] }
  await bus.serve(queue, {
    handler: ({ method = '', params }) => {
      asked.push([method, ...(params as string[])].join(' '))
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  return { asked, warnings, log: { warn: (...line: unknown[]) => void warnings.push(line) } }
}

/** A cluster that has the host. */
export const cluster = (given: Partial<Cluster> = {}) =>
  parseModel(Cluster, { name: 'web', hostset: [address], ...given })
/** One with a container manager. */
export const pods = cluster({ container_manager: 'pods' })
