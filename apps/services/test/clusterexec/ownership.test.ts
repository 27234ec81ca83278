/**
 * Leases and locks belong to whoever has them now. A former owner that releases late deletes nothing of the next one, and an
 * owner that is alive keeps what it has.
 */
import { until } from '@commissaire/testing'
import { setTimeout as pause } from 'node:timers/promises'

import type { Requester } from '@commissaire/bus'
import { HostLock, Operation, OperationLease, timestamp } from '@commissaire/models'
import { StorageClient } from '@commissaire/storage'
import { expect, test } from 'vitest'

import { lockHost, unlockHost } from '../../src/shared/host-lock.ts'
import { Lease } from '../../src/shared/lease.ts'
import { TestSystem } from '../system.ts'

const onlyStorage = { watcher: false, investigator: false, clusterexec: false } as const
const log = { debug() {}, info() {}, warn() {}, error() {} }
const address = '192.0.2.1'

/** A client whose deletes are preceded by something that another process does just then. */
function clientWith(bus: Requester, beforeDelete: () => Promise<void>): StorageClient {
  return new StorageClient({
    request: async (key, params, options) => {
      if (key === 'storage.delete') await beforeDelete()
      return bus.request(key, params, options)
    },
    notify: (key, params) => bus.notify(key, params),
    publish: (key, payload, options) => bus.publish(key, payload, options),
  })
}

test('a host lock that another operation takes during an unlock stays with that operation', async () => {
  await using system = await TestSystem.start(onlyStorage)
  const { storage } = system
  const taken = { signal: AbortSignal.timeout(10_000), onWait() {} }
  await lockHost(storage, { address, operation: 'first' }, taken)
  // "first" is not stored as an operation in progress, so its lock is free for the second.
  const racing = clientWith(system.bus, () => lockHost(storage, { address, operation: 'second' }, taken))
  await unlockHost(racing, { address, operation: 'first' })
  expect(await storage.find(HostLock, address)).toMatchObject({ operation: 'second' })
  await unlockHost(storage, { address, operation: 'second' })
  expect(await storage.find(HostLock, address)).toBeUndefined()
})

test('a lease that another worker took is not deleted by its former worker', async () => {
  await using system = await TestSystem.start(onlyStorage)
  const { storage } = system
  const deps = { storage, log, lease: 60_000 }
  const key = { key: 'restart-of-web', operation: 'restart-web-1' }
  const former = await Lease.take(deps, key)
  const successor = await Lease.take(deps, key, await storage.fetch(OperationLease, key.key))
  await former?.remove()
  await using held = successor
  expect(await storage.find(OperationLease, key.key)).toMatchObject({ operation: 'restart-web-1' })
  await held?.remove()
  expect(await storage.find(OperationLease, key.key)).toBeUndefined()
})

test('a lease that another worker takes during its removal is not deleted', async () => {
  await using system = await TestSystem.start(onlyStorage)
  const { storage } = system
  const key = { key: 'restart-of-web', operation: 'restart-web-1' }
  const take = async () => {
    const seen = await storage.fetch(OperationLease, key.key)
    await storage.save(OperationLease, { ...seen.model, worker: 'another' }, { revision: seen.revision })
  }
  const racing = clientWith(system.bus, take)
  const former = await Lease.take({ storage: racing, log, lease: 60_000 }, key)
  await former?.remove()
  expect(await storage.find(OperationLease, key.key)).toMatchObject({ worker: 'another' })
})

test('a start waits while the worker of the operation before it renews its lease', async () => {
  const lease = 400
  await using system = await TestSystem.start({ watcher: false, clusterexec: { lease } })
  const { storage } = system
  await system.cluster('web', [])
  const start = () => system.bus.request<{ id: string }>('jobs.clusterexec.start', ['restart', 'web'])
  const { id } = await start()
  const slot = 'restart-of-web'
  await until(async () => (await storage.find(Operation, id))?.status === 'finished' || undefined)
  await until(async () => !(await storage.find(OperationLease, slot)) || undefined)
  const live = { slot, operation: id, worker: 'unlocks hosts' }
  await storage.save(OperationLease, { ...live, renewed_at: timestamp() })
  const second = start()
  for (let renewal = 0; renewal < 15; renewal++) {
    // As a worker renews its lease.
    await pause(lease / 3)
    const stored = await storage.update(OperationLease, slot, (found) => ({
      ...found,
      renewed_at: timestamp(),
    }))
    expect(stored).toMatchObject(live)
  }
  await storage.delete(OperationLease, slot)
  expect((await second).id).not.toBe(id)
})

test('a start takes the lease of an operation that is over when its worker does not renew it', async () => {
  await using system = await TestSystem.start({ watcher: false, clusterexec: { lease: 400 } })
  const { storage } = system
  await system.cluster('web', [])
  const start = () => system.bus.request<{ id: string }>('jobs.clusterexec.start', ['restart', 'web'])
  const { id } = await start()
  const slot = 'restart-of-web'
  await until(async () => (await storage.find(Operation, id))?.status === 'finished' || undefined)
  await until(async () => !(await storage.find(OperationLease, slot)) || undefined)
  await storage.save(OperationLease, { slot, operation: id, worker: 'died', renewed_at: timestamp() })
  expect((await start()).id).not.toBe(id)
})
