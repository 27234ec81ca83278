/** Writes of a host, over a real bus. */
import assert from 'node:assert/strict'
import { Host, type HostStatusName, hostStatuses, mayMove, parseModel } from '@commissaire/models'
import { test } from 'vitest'

import {
  addHost,
  failHost,
  type HostKnowledge,
  moveHost,
  moveReadyHost,
  recordCheck,
  updateHost,
} from '../../src/host-lifecycle/index.ts'
import { Store } from '../../src/index.ts'
import { serveStorage } from '../storage-over-bus.ts'
import { address, memory, open } from './world.ts'

test('a host is added once, with its key and without a status', async () => {
  await using service = await serveStorage(await Store.open(memory))
  const { storage } = service
  assert.deepEqual(
    await addHost(storage, { address, host_key: 'ssh-ed25519 AAAA' }),
    parseModel(Host, { address, host_key: 'ssh-ed25519 AAAA' }),
  )
  await assert.rejects(addHost(storage, { address, host_key: '' }), { code: 409 })
})

for (const from of hostStatuses) {
  test(`a host that is "${from}" moves where it may, and nowhere else`, async () => {
    await using service = await open({ status: from })
    const { storage } = service
    for (const to of hostStatuses) {
      await storage.save(Host, parseModel(Host, { address, status: from }))
      const moving = moveHost(storage, address, { status: to, status_reason: 'because' })
      if (mayMove(from, to)) assert.equal((await moving).status, to)
      else await assert.rejects(moving, { code: 409, message: /cannot become/ })
      assert.equal((await storage.get(Host, address)).status, mayMove(from, to) ? to : from)
    }
  })
}

test('a move takes the old reason away, and brings what was learned', async () => {
  await using service = await open({ status: 'failed', status_reason: 'refused: nobody listens', zone: 'a' })
  const moved = await moveHost(service.storage, address, { status: 'investigating', cpus: 4 })
  assert.deepEqual([moved.status, moved.status_reason, moved.cpus, moved.zone], ['investigating', '', 4, 'a'])
})

test('a host fails from every status, with the reason and the time', async () => {
  await using service = await open()
  for (const status of hostStatuses) {
    await service.storage.save(Host, parseModel(Host, { address, status }))
    const failed = await failHost(service.storage, address, 'refused: nobody listens')
    assert.deepEqual([failed.status, failed.status_reason], ['failed', 'refused: nobody listens'])
    assert.notEqual(failed.last_check, '')
  }
})

test('what a check found is not written over what was written meanwhile', async () => {
  await using service = await open({ status: 'active' })
  const { storage } = service
  const fetched = await storage.fetch(Host, address)
  await failHost(storage, address, 'refused: nobody listens')
  assert.equal(await recordCheck(storage, fetched, { status: 'active' }), undefined)
  assert.equal((await storage.get(Host, address)).status, 'failed')
})

test('a check makes no illegal move either', async () => {
  await using service = await open({ status: 'investigating' })
  const fetched = await service.storage.fetch(Host, address)
  await assert.rejects(recordCheck(service.storage, fetched, { status: 'active' }), { code: 409 })
})

test('what is learned of a host cannot carry a status, whatever the compiler was told', async () => {
  await using service = await open({ status: 'active' })
  // @ts-expect-error -- a status is no knowledge
  const wrong: HostKnowledge = { status: 'failed', cpus: 2 }
  // @ts-expect-error -- nor is one that comes with all else of a host
  const whole: HostKnowledge = parseModel(Host, { address, status: 'failed', cpus: 2 })
  for (const known of [wrong, whole]) {
    const updated = await updateHost(service.storage, address, () => known)
    assert.deepEqual([updated.status, updated.cpus], ['active', 2])
  }
})

test('only a ready host is moved by a change of membership, and one that is not stored is no fault', async () => {
  await using service = await open()
  const { storage } = service
  const after = async (status: HostStatusName) => {
    await storage.save(Host, parseModel(Host, { address, status, status_reason: 'because' }))
    await moveReadyHost(storage, address, 'active')
    const host = await storage.get(Host, address)
    return [host.status, host.status_reason]
  }
  assert.deepEqual(await after('disassociated'), ['active', ''])
  for (const status of ['', 'investigating', 'bootstrapping', 'failed'] as const)
    assert.deepEqual(await after(status), [status, 'because'])
  await moveReadyHost(storage, 'elsewhere', 'active')
  assert.equal(await storage.find(Host, 'elsewhere'), undefined)
})
