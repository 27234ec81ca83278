/** Two storage services, each with a bus of its own connection, over one real etcd. */
import { etcdIsThere, EtcdServer } from '@commissaire/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Network, Networks, parseModel } from '@commissaire/models'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { StorageService } from '../../src/index.ts'
import { TestSystem } from '../system.ts'

describe.runIf(etcdIsThere())('two storage services over one etcd', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start()
  }, 30_000)
  afterAll(() => server.close())

  test('announce on the bus each change once, their own and that of another tool', async () => {
    await using system = await TestSystem.start({ only: 'hosts' })
    const dataDir = await mkdtemp(join(tmpdir(), 'commissaire-etcd-services-'))
    onTestFinished(() => rm(dataDir, { recursive: true }))
    const storage = { storage_handlers: [{ type: 'etcd', server_url: server.url }] }
    for (let number = 0; number < 2; number++)
      await system.run(new StorageService({ ...system.shared, storage, dataDir }))
    const heard = await system.listen('notify.storage.#')
    for (let number = 0; number < 6; number++)
      await system.storage.save(Network, parseModel(Network, { name: `n${number}` }))
    expect(heard).toHaveLength(6)
    await server.etcdctl('put', '/commissaire/networks/foreign', '{"name": "foreign"}')
    await server.etcdctl('del', '/commissaire/networks/foreign')
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(8)
    expect(heard.slice(6).map(({ routingKey, body }) => [routingKey, body])).toMatchObject([
      ['notify.storage.Network.created', { event: 'created', class: 'Network', model: { name: 'foreign' } }],
      ['notify.storage.Network.deleted', { event: 'deleted', class: 'Network', model: { name: 'foreign' } }],
    ])
    expect(await system.storage.list(Networks)).toHaveLength(7)
  })
})
