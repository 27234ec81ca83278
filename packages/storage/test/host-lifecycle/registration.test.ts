/** What joining and leaving a cluster means to its container manager, over a real bus. */
import assert from 'node:assert/strict'
import { BusError } from '@commissaire/bus'
import { Host, parseModel } from '@commissaire/models'
import { test } from 'vitest'

import { registerHost, registerHosts, unregisterHost } from '../../src/host-lifecycle/index.ts'
import { address, cluster, containers, open, pods } from './world.ts'

test('a host that its container manager takes is active and has no reason any more; one that leaves is not', async () => {
  await using service = await open({ status: 'disassociated', status_reason: 'not registered with it' })
  const { storage, bus: requester } = service
  const { asked, log } = await containers(service, null)
  await registerHost({ storage, requester, log }, pods, address)
  const { status, status_reason } = await storage.get(Host, address)
  assert.deepEqual([status, status_reason], ['active', ''])
  await unregisterHost({ storage, requester, log }, pods, address)
  assert.equal((await storage.get(Host, address)).status, 'disassociated')
  assert.deepEqual(asked, [`register_node pods ${address}`, `remove_node pods ${address}`])
})

test('a host that its container manager does not take stays as it is, and the caller is told', async () => {
  await using service = await open({ status: 'disassociated' })
  const { storage, bus: requester } = service
  const { log } = await containers(service, new BusError('ContainerManager', 'The platform is away'))
  await assert.rejects(registerHost({ storage, requester, log }, pods, address), { code: -20001 })
  assert.equal((await storage.get(Host, address)).status, 'disassociated')
})

test('a container manager that is not stored any more has nothing to forget, which is logged', async () => {
  await using service = await open({ status: 'active' })
  const { storage, bus: requester } = service
  const { log, warnings } = await containers(service, new BusError('ContainerManager', 'There is none'))
  await unregisterHost({ storage, requester, log }, pods, address)
  assert.equal((await storage.get(Host, address)).status, 'disassociated')
  assert.equal(warnings.length, 1)
})

test('of all members those are registered that were made ready and are not active', async () => {
  await using service = await open({ status: 'disassociated' })
  const { storage, bus: requester } = service
  await storage.saveAll(Host, [
    parseModel(Host, { address: 'away', status: 'failed', bootstrapped_at: '2026-11-24T00:07:08.154103' }),
    parseModel(Host, { address: 'broken', status: 'failed' }),
    parseModel(Host, { address: 'new' }),
    parseModel(Host, { address: 'there', status: 'active' }),
    parseModel(Host, { address: 'foreign', status: 'disassociated' }),
  ])
  const { asked, log } = await containers(service, null)
  const hostset = [address, 'away', 'broken', 'new', 'there']
  await registerHosts({ storage, requester, log }, cluster({ container_manager: 'pods', hostset }))
  assert.deepEqual(asked.sort(), [`register_node pods ${address}`, 'register_node pods away'])
  assert.equal((await storage.get(Host, 'away')).status, 'failed')
})
