/** Investigation, from registration to active, over the memory bus and real SSH. */
import { until } from '@commissaire/testing'
import { keyPair } from '@commissaire/hosts/testing'
import { ContainerManagerConfig, Host, HostCreds, parseModel } from '@commissaire/models'
import { expect, test } from 'vitest'

import { TestSystem } from './system.ts'

const noWatcher = { watcher: false } as const

test('a new host becomes disassociated, with its key pinned and its facts known', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  const text = await system.bus.request<string>('jobs.investigate', [host.address])
  expect(JSON.parse(text)).toMatchObject({ address: host.address, status: 'disassociated', os: 'debian' })
  const stored = await system.stored(host.address)
  expect(stored).toMatchObject({ status: 'disassociated', host_key: host.hostKey, status_reason: '' })
  expect(stored.cpus).toBeGreaterThan(0)
  expect(stored.memory).toBeGreaterThan(0)
  expect(stored.facts).toMatchObject({ bootId: host.bootId })
  expect(stored.bootstrapped_at).not.toBe('')
})

test('a host goes through its statuses in their order', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  await system.cluster('web', [host])
  const heard = await system.listen('notify.storage.Host.updated')
  await system.bus.notify('jobs.investigate', { address: host.address, cluster_data: { name: 'web' } })
  await system.untilStatus(host.address, 'active')
  const statuses = heard.map(({ body }) => (body as { model: { status: string } }).model.status)
  expect([...new Set(statuses)]).toEqual(['investigating', 'bootstrapping', 'disassociated', 'active'])
})

test('a host in a cluster with a container manager is registered there', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  await system.storage.save(
    ContainerManagerConfig,
    parseModel(ContainerManagerConfig, { name: 'pods', type: 'trivial' }),
  )
  await system.cluster('web', [host], { container_manager: 'pods' })
  await system.bus.request('jobs.investigate', [host.address])
  expect((await system.stored(host.address)).status).toBe('active')
  expect(await system.bus.request('container.node_registered', ['pods', host.address])).toBe(true)
})

test('a host that its container manager does not take stays disassociated, with the reason', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  await system.cluster('web', [host], { container_manager: 'nosuch' })
  await expect(system.bus.request('jobs.investigate', [host.address])).rejects.toMatchObject({ code: -20001 })
  const stored = await system.stored(host.address)
  expect(stored).toMatchObject({
    status: 'disassociated',
    status_reason: expect.stringContaining('no container manager "nosuch"'),
  })
})

test('a host that is not there fails as refused', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  await host.goDown()
  await expect(system.bus.request('jobs.investigate', [host.address])).rejects.toMatchObject({
    name: 'InternalError',
    data: { exception: 'HostError', code: 'refused', address: host.address },
  })
  expect(await system.stored(host.address)).toMatchObject({
    status: 'failed',
    status_reason: expect.stringMatching(/^refused: /),
  })
})

test('a host that says nothing fails as out of time', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  host.failure = 'silent'
  await system.bus.notify('jobs.investigate', [host.address])
  const { status_reason } = await system.untilStatus(host.address, 'failed')
  expect(status_reason).toMatch(/^timeout: /)
})

test('a host that refuses our key fails as such', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  const ssh_priv_key = Buffer.from(keyPair().privateKey).toString('base64')
  await system.storage.save(HostCreds, parseModel(HostCreds, { address: host.address, ssh_priv_key }))
  await system.bus.notify('jobs.investigate', [host.address])
  const { status_reason, host_key } = await system.untilStatus(host.address, 'failed')
  expect(status_reason).toMatch(/^auth_failed: /)
  expect(host_key).toBe('')
})

test('a key that is no key fails as such', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  await system.storage.save(
    HostCreds,
    parseModel(HostCreds, { address: host.address, ssh_priv_key: 'ZmFrZSBrZXk=' }),
  )
  await system.bus.notify('jobs.investigate', [host.address])
  expect((await system.untilStatus(host.address, 'failed')).status_reason).toMatch(/^key_invalid: /)
})

test('a host whose key has changed is refused, and the pin stays', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  await system.bus.request('jobs.investigate', [host.address])
  const { host_key } = await system.stored(host.address)
  await host.reinstall()
  await system.bus.notify('jobs.investigate', [host.address])
  const failed = await system.untilStatus(host.address, 'failed')
  expect(failed.status_reason).toMatch(/^host_key_changed: .*delete it and add it again/)
  expect(failed.host_key).toBe(host_key)
})

test('what a host tells in halves is not believed', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host()
  await system.register(host.address)
  host.failure = 'truncates'
  await system.bus.notify('jobs.investigate', [host.address])
  expect((await system.untilStatus(host.address, 'failed')).status_reason).toMatch(/^facts_invalid: /)
})

test('an investigation may be made twice, and two at a time are one', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host({ latency: 30 })
  await system.register(host.address)
  await system.cluster('web', [host])
  const ask = () => system.bus.request<string>('jobs.investigate', [host.address])
  const [first, second] = await Promise.all([ask(), ask()])
  expect(first).toBe(second)
  expect(JSON.parse(await ask())).toMatchObject({ status: 'active', status_reason: '' })
})

test('a host that is removed and added again while it is investigated is investigated anew', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.host({ latency: 150 })
  await system.register(host.address)
  await system.bus.notify('jobs.investigate', { address: host.address, cluster_data: {} })
  await until(() => host.connections > 0 || undefined)
  await system.storage.delete(Host, host.address)
  await system.register(host.address)
  const text = await system.bus.request<string>('jobs.investigate', [host.address])
  expect(JSON.parse(text)).toMatchObject({ status: 'disassociated', os: 'debian' })
})

test('an unknown host is a storage look-up error', async () => {
  await using system = await TestSystem.start(noWatcher)
  await expect(system.bus.request('jobs.investigate', ['10.9.9.9'])).rejects.toMatchObject({ code: -20000 })
})

test('a host that was down when it was added is investigated when it comes up', async () => {
  await using system = await TestSystem.start({ watcher: { interval: 100 } })
  const host = await system.host()
  await host.goDown()
  await system.register(host.address)
  await system.bus.notify('jobs.investigate', [host.address])
  await system.bus.publish('jobs.watcher', JSON.stringify({ address: host.address, last_check: '' }))
  await system.untilStatus(host.address, 'failed')
  await until(async () => (await system.stored(host.address)).status_reason)
  await host.comeUp()
  expect((await system.untilStatus(host.address, 'disassociated')).bootstrapped_at).not.toBe('')
})
