/** The storage service over the memory bus: its methods, its announcements, and that they come before the reply. */
import { randomUUID } from 'node:crypto'

import type { Message } from '@commissaire/bus'
import { expect, test } from 'vitest'

import { StorageService } from '../../src/index.ts'
import { TestSystem } from '../system.ts'

const noWatcher = { watcher: false } as const
const network = { name: 'n1', type: 'flannel_server', options: { address: '1.2.3.4:8080' } }

function request(
  system: TestSystem,
  method: string,
  model_type_name: string,
  model_json_data?: unknown,
): Promise<unknown> {
  return system.bus.request(`storage.${method}`, {
    model_type_name,
    ...(model_json_data !== undefined && { model_json_data }),
  })
}

test('a model is saved, got, listed and deleted, as object and as JSON text', async () => {
  await using system = await TestSystem.start(noWatcher)
  expect(await request(system, 'save', 'Network', network)).toEqual(network)
  expect(await request(system, 'get', 'Network', JSON.stringify({ name: 'n1' }))).toEqual(network)
  const fallback = { name: 'default', type: 'flannel_etcd', options: {} }
  expect(await request(system, 'list', 'Networks')).toEqual([fallback, network])
  expect(await request(system, 'delete', 'Network', { name: 'n1' })).toBeNull()
  await expect(request(system, 'get', 'Network', { name: 'n1' })).rejects.toMatchObject({
    code: -20000,
    message: '(-20000) Key not found : /commissaire/networks/n1',
  })
})

test('arguments may come in their order', async () => {
  await using system = await TestSystem.start(noWatcher)
  expect(await system.bus.request('storage.save', ['Network', network])).toEqual(network)
  expect(await system.bus.request('storage.get', ['Network', [{ name: 'n1' }]])).toEqual([network])
})

test('what was fetched can be saved on condition that nobody else did', async () => {
  await using system = await TestSystem.start(noWatcher)
  await request(system, 'save', 'Network', network)
  const fetched = (await request(system, 'fetch', 'Network', { name: 'n1' })) as {
    model: object
    revision: string
  }
  expect(fetched.model).toEqual(network)
  const save = { model_type_name: 'Network', model_json_data: network, revision: fetched.revision }
  await system.bus.request('storage.save', save)
  await expect(system.bus.request('storage.save', save)).rejects.toMatchObject({ code: 409 })
})

test('a change is announced without jsonrpc and before the reply, and hidden attributes stay hidden', async () => {
  await using system = await TestSystem.start(noWatcher)
  const heard: Message[] = await system.listen('notify.storage.#')
  const cluster = { name: 'web', hostset: ['10.2.0.2'] }
  await request(system, 'save', 'Cluster', cluster)
  expect(heard).toHaveLength(1)
  expect(heard[0]?.routingKey).toBe('notify.storage.Cluster.created')
  const model = { name: 'web', status: '', network: 'default', container_manager: '', bootstrap: '' }
  expect(heard[0]?.body).toEqual({ event: 'created', class: 'Cluster', model })
  await request(system, 'save', 'Cluster', cluster)
  await request(system, 'delete', 'Cluster', { name: 'web' })
  expect(heard.map(({ routingKey }) => routingKey.split('.').at(-1))).toEqual([
    'created',
    'updated',
    'deleted',
  ])
})

test('secrets are announced to nobody', async () => {
  await using system = await TestSystem.start(noWatcher)
  const heard = await system.listen('notify.storage.#')
  await request(system, 'save', 'HostCreds', { address: '10.2.0.2', ssh_priv_key: 'ZmFrZSBrZXk=' })
  await request(system, 'save', 'Network', network)
  expect(heard.map(({ routingKey }) => routingKey)).toEqual(['notify.storage.Network.created'])
})

test('the store handlers are shown with their models', async () => {
  await using system = await TestSystem.start(noWatcher)
  const handlers = await system.bus.request('storage.list_store_handlers')
  expect(handlers).toEqual([
    expect.objectContaining({ handler_type: 'sqlite', model_types: expect.arrayContaining(['Host']) }),
  ])
})

test('data outlives the service', async () => {
  await using system = await TestSystem.start(noWatcher)
  const bus = await system.connect()
  const dataDir = `${system.dataDir}/${randomUUID()}`
  const options = { ...system.shared, bus, dataDir, queues: [{ name: 'other', routingKey: 'other.*' }] }
  const creds = { address: '10.2.0.2', ssh_priv_key: 'ZmFrZSBrZXk=', remote_user: 'root' }
  const first = new StorageService(options)
  await first.start()
  await system.bus.request('other.save', ['HostCreds', creds])
  await first.close()
  const second = new StorageService(options)
  await second.start()
  expect(await system.bus.request('other.get', ['HostCreds', { address: '10.2.0.2' }])).toEqual(creds)
  await second.close()
})

test('wrong data is refused with every fault', async () => {
  await using system = await TestSystem.start(noWatcher)
  await expect(request(system, 'save', 'Network', { name: 'a b', type: 'token_ring' })).rejects.toMatchObject(
    {
      code: -32602,
      data: { faults: [{ path: 'name' }, { path: 'type' }] },
    },
  )
  await expect(request(system, 'save', 'Nonsense', {})).rejects.toMatchObject({ code: -32602 })
})
