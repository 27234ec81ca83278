/** The typed client, over a real bus. */
import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Cluster, Clusters, type Host, Hosts, Host as HostModel, parseModel } from '@commissaire/models'
import { test } from 'vitest'
import { isConflict, isMissing, StorageClient, Store } from '../src/index.ts'
import { serveStorage } from './storage-over-bus.ts'

const memory = { storage_handlers: [{ type: 'memory' }] }
const host: Host = parseModel(HostModel, { address: '10.2.0.2' })
const open = async () => serveStorage(await Store.open(memory))

test('a model goes through the bus and comes back the same', async () => {
  await using service = await open()
  const { storage } = service
  assert.deepEqual(await storage.save(HostModel, host), host)
  assert.deepEqual(await storage.get(HostModel, '10.2.0.2'), host)
  assert.deepEqual(await storage.list(Hosts), [host])
  assert.deepEqual((await storage.fetch(HostModel, '10.2.0.2')).model, host)
  await storage.delete(HostModel, '10.2.0.2')
  assert.deepEqual(await storage.list(Hosts), [])
})

test('what is not there rejects a get and a delete, and is undefined to a find', async () => {
  await using service = await open()
  const { storage } = service
  await assert.rejects(storage.get(HostModel, 'nosuch'), { name: 'StorageLookup', code: -20000 })
  await assert.rejects(storage.delete(HostModel, 'nosuch'), { code: -20000 })
  await assert.rejects(
    storage.update(HostModel, 'nosuch', (model) => model),
    { code: -20000 },
  )
  assert.equal(await storage.find(HostModel, 'nosuch'), undefined)
})

test('what is not there is undefined to a find with its revision, and no trouble to a delete if it is present', async () => {
  await using service = await open()
  const { storage } = service
  assert.equal(await storage.findWithRevision(HostModel, 'nosuch'), undefined)
  await storage.deleteIfPresent(HostModel, 'nosuch')
  await storage.save(HostModel, host)
  assert.deepEqual(
    await storage.findWithRevision(HostModel, '10.2.0.2'),
    await storage.fetch(HostModel, '10.2.0.2'),
  )
  await storage.deleteIfPresent(HostModel, '10.2.0.2')
  assert.equal(await storage.find(HostModel, '10.2.0.2'), undefined)
})

test('errors of storage are told apart by their code', async () => {
  await using service = await open()
  const { storage } = service
  const missing: unknown = await storage.get(HostModel, 'nosuch').catch((error: unknown) => error)
  await storage.save(HostModel, host)
  const conflict: unknown = await storage
    .save(HostModel, host, { revision: null })
    .catch((error: unknown) => error)
  assert.deepEqual([isMissing(missing), isConflict(missing)], [true, false])
  assert.deepEqual([isMissing(conflict), isConflict(conflict)], [false, true])
  assert.deepEqual([isMissing(undefined), isConflict(new Error('no code'))], [false, false])
})

test('a find passes on every other error', async () => {
  await using service = await open()
  await assert.rejects(service.storage.find(HostModel, 'not an address'), { code: -32602 })
  await assert.rejects(service.storage.findWithRevision(HostModel, 'not an address'), { code: -32602 })
  await assert.rejects(service.storage.deleteIfPresent(HostModel, 'not an address'), { code: -32602 })
})

test('a model that must not exist yet is saved once', async () => {
  await using service = await open()
  await service.storage.save(HostModel, host, { revision: null })
  await assert.rejects(service.storage.save(HostModel, host, { revision: null }), { code: 409 })
})

test('a delete under a condition spares a model that is changed so that the condition fails', async () => {
  await using service = await open()
  const { storage, bus } = service
  await storage.save(HostModel, { ...host, status: 'failed' })
  const change = () =>
    storage.update(HostModel, host.address, (found) => ({ ...found, status: 'active' as const }))
  const racing = new StorageClient({
    request: async (key, params, options) => {
      if (key === 'storage.delete') await change()
      return bus.request(key, params, options)
    },
    notify: (key, params) => bus.notify(key, params),
    publish: (key, payload, options) => bus.publish(key, payload, options),
  })
  const isFailed = ({ status }: Host) => status === 'failed'
  assert.equal(await racing.deleteIf(HostModel, host.address, isFailed), false)
  assert.equal((await storage.get(HostModel, host.address)).status, 'active')
  assert.equal(await storage.deleteIf(HostModel, host.address, () => true), true)
  assert.equal(await storage.deleteIf(HostModel, host.address, () => true), false)
})

test('a delete passes on every other error, and a conflict of its revision', async () => {
  await using service = await open()
  const { storage } = service
  await storage.save(HostModel, host)
  const { revision } = await storage.fetch(HostModel, host.address)
  await storage.save(HostModel, host)
  await assert.rejects(storage.delete(HostModel, host.address, { revision }), { code: 409 })
  await assert.rejects(
    storage.deleteIf(HostModel, 'not an address', () => true),
    { code: -32602 },
  )
})

test('an update that changes nothing saves nothing', async () => {
  await using service = await open()
  const { storage } = service
  await storage.save(HostModel, host)
  const before = await storage.fetch(HostModel, '10.2.0.2')
  const result = await storage.update(HostModel, '10.2.0.2', (model) => {
    model.status = 'failed'
    return undefined
  })
  assert.deepEqual([result, await storage.fetch(HostModel, '10.2.0.2')], [host, before])
})

test('an update passes on what the change throws, and leaves the model as it is', async () => {
  await using service = await open()
  const { storage } = service
  await storage.save(HostModel, host)
  const refuse = () => Promise.reject(new Error('no'))
  await assert.rejects(storage.update(HostModel, '10.2.0.2', refuse), { message: 'no' })
  assert.deepEqual(await storage.get(HostModel, '10.2.0.2'), host)
})

test('an update can be given up', async () => {
  await using service = await open()
  const { storage } = service
  await storage.save(HostModel, host)
  const giveUp = new AbortController()
  const update = storage.update(
    HostModel,
    '10.2.0.2',
    async (model) => {
      await storage.save(HostModel, { ...model, cpus: model.cpus + 1 })
      if (model.cpus === 3) giveUp.abort(new Error('enough'))
      return model
    },
    { signal: giveUp.signal },
  )
  await assert.rejects(update)
  assert.equal((await storage.get(HostModel, '10.2.0.2')).cpus, 4)
})

test('a change is announced before its save is answered', async () => {
  await using service = await open()
  const { bus, storage } = service
  const heard: unknown[] = []
  const handler = ({ body, routingKey }: { body: unknown; routingKey: string }) =>
    void heard.push([routingKey, body])
  await bus.serve({ name: 'ears', routingKeys: ['notify.storage.#'] }, { prefetch: 1, handler })
  await storage.save(Cluster, parseModel(Cluster, { name: 'c', hostset: ['a'] }))
  for (let turn = 0; heard.length === 0 && turn < 1000; turn++) await nextTurn()
  const model = { name: 'c', status: '', network: 'default', container_manager: '', bootstrap: '' }
  assert.deepEqual(heard, [['notify.storage.Cluster.created', { event: 'created', class: 'Cluster', model }]])
  assert.equal((await storage.list(Clusters)).length, 1)
})
