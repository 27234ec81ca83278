/** Changes made with other tools are announced once, however many storage services share an etcd. */
import { etcdIsThere, EtcdServer, until } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import { type StorageEvent, StorageMethods, Store } from '../../src/index.ts'
import { temporaryDirectories } from '../temporary.ts'

const directory = temporaryDirectories()

describe.runIf(etcdIsThere())('storage services that share an etcd', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start()
  }, 30_000)
  beforeEach(async () => void (await server.etcdctl('del', '--prefix', '/commissaire/')))
  afterAll(() => server.close())

  /** A storage service's insides; what it announces goes to the list. */
  async function startService(
    heard: string[],
    by = '',
  ): Promise<{ methods: StorageMethods } & AsyncDisposable> {
    const config = { storage_handlers: [{ type: 'etcd', server_url: server.url }] }
    const store = await Store.open(config, { dataDir: directory() })
    const announce = async (routingKey: string, { model }: StorageEvent) => {
      heard.push([routingKey.replace('notify.storage.', ''), nameOf(model), by].join(' ').trim())
    }
    const methods = new StorageMethods(store, { announce })
    const listening = methods.announceForeignChanges()
    return {
      methods,
      async [Symbol.asyncDispose]() {
        await listening[Symbol.asyncDispose]()
        await store.close()
      },
    }
  }

  const put = (name: string, more: object = {}) =>
    server.etcdctl('put', `/commissaire/clusters/${name}`, JSON.stringify({ name, ...more }))

  test('another tool’s change is announced once, whether something was made, changed or removed', async () => {
    const heard: string[] = []
    await using one = await startService(heard)
    await using _other = await startService(heard)
    await using _third = await startService(heard)
    await one.methods.save('Network', { name: 'ours' })
    await put('theirs')
    await put('theirs', { network: 'n' })
    await server.etcdctl('del', '/commissaire/clusters/theirs')
    await one.methods.save('Network', { name: 'last' })
    await until(() => heard.includes('Cluster.deleted theirs'))
    await put('end')
    await until(() => heard.includes('Cluster.created end'))
    assert.deepEqual(
      heard.filter((each) => each.startsWith('Network')),
      ['Network.created ours', 'Network.created last'],
    )
    assert.deepEqual(
      heard.filter((each) => each.startsWith('Cluster')),
      ['Cluster.created theirs', 'Cluster.updated theirs', 'Cluster.deleted theirs', 'Cluster.created end'],
    )
  })

  test('of many changes by everybody at once each is announced once', async () => {
    const heard: string[] = []
    await using one = await startService(heard)
    await using other = await startService(heard)
    const names = Array.from({ length: 20 }, (_, number) => `n${number}`)
    await Promise.all([
      ...names.map((name) => put(`foreign-${name}`)),
      ...names.map((name) => one.methods.save('Cluster', { name: `one-${name}` })),
      ...names.map((name) => other.methods.save('Cluster', { name: `other-${name}` })),
    ])
    await put('end')
    await until(() => heard.includes('Cluster.created end'))
    const expected = ['foreign', 'one', 'other'].flatMap((by) =>
      names.map((name) => `Cluster.created ${by}-${name}`),
    )
    assert.deepEqual(heard.sort(), [...expected, 'Cluster.created end'].sort())
  })

  test('a change that was made while no storage service ran is announced by the first that starts', async () => {
    const heard: string[] = []
    await (await startService(heard))[Symbol.asyncDispose]()
    await until(async () => (await server.etcdctl('get', '/commissaire/.storage/announced')) !== '')
    await put('meanwhile')
    await using _later = await startService(heard)
    await using _another = await startService(heard)
    await until(() => heard.length > 0)
    await put('end')
    await until(() => heard.includes('Cluster.created end'))
    assert.deepEqual(heard, ['Cluster.created meanwhile', 'Cluster.created end'])
  })

  test('when the one that announced is gone another goes on', async () => {
    const heard: string[] = []
    const first = await startService(heard, 'by the first')
    await put('a')
    await until(() => heard.length === 1)
    await using _second = await startService(heard, 'by the second')
    await first[Symbol.asyncDispose]()
    await put('b')
    await until(() => heard.length === 2)
    assert.deepEqual(heard, ['Cluster.created a by the first', 'Cluster.created b by the second'])
  })

  test('changes are heard again after etcd was killed and restarted', async () => {
    const heard: string[] = []
    await using _service = await startService(heard)
    await put('before')
    await until(() => heard.length === 1)
    await server.kill()
    await server.restart()
    await put('after')
    await until(() => heard.length === 2)
    assert.deepEqual(heard, ['Cluster.created before', 'Cluster.created after'])
  })

  test('changes are heard again when etcd was emptied and compacted meanwhile', async () => {
    const heard: string[] = []
    await using _service = await startService(heard)
    await put('before')
    await until(() => heard.length === 1)
    await server.etcdctl('del', '--prefix', '/commissaire/')
    const status = JSON.parse(await server.etcdctl('get', 'x', '-w', 'json'))
    await server.etcdctl('compact', String(status.header.revision))
    await put('after')
    await until(() => heard.includes('Cluster.created after'))
  })

  test('a foreign value that is no model, and a secret, are not announced', async () => {
    const heard: string[] = []
    await using _service = await startService(heard)
    await server.etcdctl('put', '/commissaire/clusters/bad', 'no JSON')
    await server.etcdctl('put', '/commissaire/hostcreds/10.0.0.1', 'x')
    await put('end')
    await until(() => heard.length > 0)
    assert.deepEqual(heard, ['Cluster.created end'])
  })
})

function nameOf(model: Record<string, unknown>): string {
  return String(model['name'] ?? model['address'])
}
