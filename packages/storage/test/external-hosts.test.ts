/** Hosts whose data is at home in an inventory, read over HTTP by the example's handler from a real server. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Host, Hosts, parseModel } from '@commissaire/models'
import { expect, test } from 'vitest'
import { Store, StorageMethods } from '../src/index.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()
const type = join(import.meta.dirname, '../../../examples/store-handlers/http-inventory.ts')

/** An inventory that answers what it is told to, on a port of its own. */
async function startInventory() {
  const inventory = { hosts: [] as object[], status: 200, asked: 0, authorization: '', answers: true }
  const server = createServer(({ headers }, response) => {
    inventory.asked++
    inventory.authorization = headers.authorization ?? ''
    if (inventory.answers) response.writeHead(inventory.status).end(JSON.stringify(inventory.hosts))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  const close = () => (server.closeAllConnections(), server.close())
  return Object.assign(inventory, {
    url: `http://127.0.0.1:${address.port}/hosts`,
    close,
    [Symbol.dispose]: () => void close(),
  })
}

type Inventory = Awaited<ReturnType<typeof startInventory>>

function openStore(
  { url }: Pick<Inventory, 'url'>,
  { logged = [], ...more }: { logged?: string[]; timeout?: number } = {},
) {
  const source = { type, name: 'inventory', url, max_age: 0, ...more }
  const log = (_facts: object, sentence: string) => void logged.push(sentence)
  const storage_handlers = [{ type: 'memory', name: 'own' }, source]
  return Store.open({ storage_handlers }, { dataDir: directory(), log: { info: log, warn: log } })
}

const host = (address: string, more: object = {}) =>
  parseModel(Host, { address, source: 'inventory', ...more })

test('a host with a source is read from there, and its status, last check and source stay ours', async () => {
  using inventory = await startInventory()
  await using store = await openStore(inventory)
  await store.save(Host, [{ model: host('10.0.0.1', { status: 'active', last_check: 'now', cpus: 1 }) }])
  inventory.hosts = [
    {
      address: '10.0.0.1',
      cpus: 64,
      zone: 'a',
      status: 'failed',
      last_check: 'never',
      source: 'x',
      host_key: 'x',
    },
  ]
  assert.deepEqual(
    await store.get(Host, '10.0.0.1'),
    host('10.0.0.1', { status: 'active', last_check: 'now', cpus: 64, zone: 'a' }),
  )
})

test('a list asks each source once, and leaves hosts without a source as they are', async () => {
  using inventory = await startInventory()
  await using store = await openStore(inventory)
  const own = parseModel(Host, { address: '10.0.0.3', cpus: 3 })
  await store.save(Host, [{ model: host('10.0.0.1') }, { model: host('10.0.0.2') }, { model: own }])
  inventory.hosts = [1, 2, 3].map((number) => ({ address: `10.0.0.${number}`, cpus: 10 * number }))
  assert.deepEqual(
    (await store.list(Hosts)).map(({ cpus }) => cpus),
    [10, 20, 3],
  )
  assert.equal(inventory.asked, 1)
})

test('a save keeps what is ours and is not sent to the source', async () => {
  using inventory = await startInventory()
  await using store = await openStore(inventory)
  inventory.hosts = [{ address: '10.0.0.1', cpus: 64 }]
  const methods = new StorageMethods(store, { announce: async () => {} })
  await methods.save('Host', { ...host('10.0.0.1'), status: 'active', cpus: 2 })
  expect(await store.get(Host, '10.0.0.1')).toMatchObject({ status: 'active', cpus: 64 })
  const { revision } = await store.fetch(Host, '10.0.0.1')
  await store.save(Host, [{ model: host('10.0.0.1', { status: 'failed' }), revision }])
  expect(await store.get(Host, '10.0.0.1')).toMatchObject({ status: 'failed', cpus: 64 })
})

const troubles: [sentence: string, trouble: (inventory: Inventory) => void][] = [
  ['is not there', (inventory) => inventory.close()],
  ['fails', (inventory) => (inventory.status = 500)],
  ['does not answer in time', (inventory) => (inventory.answers = false)],
  ['answers what is no list of hosts', (inventory) => (inventory.hosts = [{ name: 'x' }])],
  [
    'answers a host that cannot be',
    (inventory) => (inventory.hosts = [{ address: '10.0.0.1', cpus: 'many' }]),
  ],
]

for (const [sentence, trouble] of troubles) {
  test(`while a source ${sentence} its hosts are as they were last saved, and it is logged once`, async () => {
    using inventory = await startInventory()
    const logged: string[] = []
    await using store = await openStore(inventory, { timeout: 300, logged })
    inventory.hosts = [{ address: '10.0.0.1', cpus: 64 }]
    await store.save(Host, [{ model: host('10.0.0.1') }])
    await store.save(Host, [{ model: { ...(await store.get(Host, '10.0.0.1')), status: 'active' } }])
    trouble(inventory)
    for (let turn = 0; turn < 2; turn++)
      expect(await store.get(Host, '10.0.0.1')).toMatchObject({ status: 'active', cpus: 64 })
    assert.deepEqual(logged, ['The source "inventory" cannot be read: its hosts are as they were last saved'])
  })
}

test('when a source answers again that is logged, and its word counts', async () => {
  using inventory = await startInventory()
  const logged: string[] = []
  await using store = await openStore(inventory, { logged })
  await store.save(Host, [{ model: host('10.0.0.1') }])
  inventory.status = 503
  await store.get(Host, '10.0.0.1')
  Object.assign(inventory, { status: 200, hosts: [{ address: '10.0.0.1', cpus: 8 }] })
  assert.equal((await store.get(Host, '10.0.0.1')).cpus, 8)
  assert.equal(logged.at(-1), 'The source of hosts answers again')
})

test('a source that is no handler is refused when the host is saved', async () => {
  using inventory = await startInventory()
  await using store = await openStore(inventory)
  await assert.rejects(store.save(Host, [{ model: host('10.0.0.1', { source: 'inventroy' }) }]), {
    code: -32602,
    message: 'Host 10.0.0.1: "source" is "inventroy", which is no store handler; there are: own, inventory',
  })
})
