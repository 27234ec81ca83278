/** Several writers, in one process and in two: no change is ever lost. */
import assert from 'node:assert/strict'
import { Cluster, parseModel } from '@commissaire/models'
import { test } from 'vitest'
import { Store } from '../src/index.ts'
import { runProgram } from './children.ts'
import { serveStorage } from './storage-over-bus.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()
const memory = { storage_handlers: [{ type: 'memory' }] }
/** Starting a process takes long where others use the machine, too. */
const manyStarts = 120_000
const cluster = parseModel(Cluster, { name: 'honeynut' })

test('of hosts that join one cluster at the same time none is lost', async () => {
  await using service = await serveStorage(await Store.open(memory))
  await service.storage.save(Cluster, cluster)
  const joining = Array.from({ length: 100 }, (_, number) =>
    service.storage.update(Cluster, 'honeynut', ({ hostset, ...rest }) => {
      return { ...rest, hostset: [...hostset, `host-${number}`] }
    }),
  )
  await Promise.all(joining)
  const { hostset } = await service.storage.get(Cluster, 'honeynut')
  assert.deepEqual([new Set(hostset).size, hostset.length], [100, 100])
})

test(
  'two processes on one database file lose none of each other’s changes',
  { timeout: manyStarts },
  async () => {
    const dataDir = directory()
    await using store = await Store.open({}, { dataDir })
    await store.save(Cluster, [{ model: cluster }])
    await Promise.all(['left', 'right'].map((prefix) => runProgram('add-hosts.ts', [dataDir, prefix, '100'])))
    const { hostset } = await store.get(Cluster, 'honeynut')
    assert.deepEqual([new Set(hostset).size, hostset.length], [200, 200])
  },
)

test('of two who read the same revision the second to save is told of the conflict', async () => {
  await using service = await serveStorage(await Store.open(memory))
  const { storage } = service
  await storage.save(Cluster, cluster)
  const { model, revision } = await storage.fetch(Cluster, 'honeynut')
  await storage.save(Cluster, { ...model, status: 'ok' }, { revision })
  await assert.rejects(storage.save(Cluster, { ...model, status: 'failed' }, { revision }), {
    code: 409,
    message: /Cluster honeynut was changed by somebody else since revision \d+; read it again/,
  })
  assert.equal((await storage.get(Cluster, 'honeynut')).status, 'ok')
})

test(
  'of several processes that start at once in an empty directory each comes up',
  { timeout: manyStarts },
  async () => {
    const dataDir = directory()
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((prefix) => runProgram('add-hosts.ts', [dataDir, prefix, '0'])),
    )
  },
)
