/** The watcher over the memory bus and real SSH: cycles, verdicts, shared work, nothing lost. */
import { until } from '@commissaire/testing'
import { setTimeout as pause } from 'node:timers/promises'

import {
  ContainerManagerConfig,
  Host,
  HostLock,
  Operation,
  OperationLease,
  parseModel,
  timestamp,
} from '@commissaire/models'
import { expect, test } from 'vitest'

import { WatcherService } from '../src/index.ts'
import { TestSystem } from './system.ts'

const quick = { watcher: { interval: 120 } }
const old = '2020-01-01T00:00:00.000000'

function record(address: string, last_check = old): string {
  return JSON.stringify({ address, last_check })
}

/** How often the stored host was looked at: its last_check is another each time. */
function looksAt(system: TestSystem, address: string, count: number): Promise<true> {
  const seen = new Set<string>()
  return until(async () => {
    seen.add((await system.stored(address)).last_check)
    return seen.size > count || undefined
  })
}

test('a host is looked at again and again, over one connection', async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost()
  await system.cluster('web', [host])
  await system.bus.publish('jobs.watcher', record(host.address))
  await looksAt(system, host.address, 5)
  expect(host.connections).toBe(1)
  expect((await system.stored(host.address)).status).toBe('active')
})

test('a record goes round as bare JSON text, at its interval and no quicker', async () => {
  await using system = await TestSystem.start({ watcher: { interval: 200 } })
  const host = await system.activeHost()
  const heard = await system.listen('jobs.watcher')
  const begun = performance.now()
  await system.bus.publish('jobs.watcher', record(host.address))
  await until(() => heard.length >= 4 || undefined)
  const rounds = (performance.now() - begun) / 200
  expect(heard.length).toBeLessThanOrEqual(rounds / 0.9 + 2)
  for (const { body, method } of heard) {
    expect(method).toBeUndefined()
    expect(Object.keys(body as object)).toEqual(['address', 'last_check'])
  }
})

test('a watcher that starts finds the stored hosts by itself', async () => {
  await using system = await TestSystem.start({ watcher: false })
  const hosts = await Promise.all(Array.from({ length: 20 }, () => system.activeHost()))
  await system.cluster('web', hosts)
  await system.run(new WatcherService({ ...system.shared, interval: 120 }))
  await Promise.all(hosts.map(({ address }) => looksAt(system, address, 2)))
})

test('a host that goes away fails with the reason, and is active when it is back', async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost()
  await system.cluster('web', [host])
  await system.bus.publish('jobs.watcher', record(host.address))
  await looksAt(system, host.address, 1)
  await host.goDown()
  expect((await system.untilStatus(host.address, 'failed')).status_reason).toMatch(/^refused: /)
  await looksAt(system, host.address, 3)
  await host.comeUp()
  expect((await system.untilStatus(host.address, 'active')).status_reason).toBe('')
})

test('a host that is in no cluster comes back as disassociated', async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost()
  await host.goDown()
  await system.bus.publish('jobs.watcher', record(host.address))
  await system.untilStatus(host.address, 'failed')
  await host.comeUp()
  await system.untilStatus(host.address, 'disassociated')
})

test('a host comes back as active only when its container manager knows it', async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost()
  await system.storage.save(
    ContainerManagerConfig,
    parseModel(ContainerManagerConfig, { name: 'pods', type: 'trivial' }),
  )
  await system.cluster('web', [host], { container_manager: 'pods' })
  await host.goDown()
  await system.bus.publish('jobs.watcher', record(host.address))
  await system.untilStatus(host.address, 'failed')
  await host.comeUp()
  await system.untilStatus(host.address, 'disassociated')
  await system.bus.request('container.register_node', ['pods', host.address])
  await system.untilStatus(host.address, 'active')
})

test('a host whose container manager does not answer comes back with that as the reason', async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost()
  const options = { server_url: 'http://127.0.0.1:1' }
  await system.storage.save(
    ContainerManagerConfig,
    parseModel(ContainerManagerConfig, { name: 'pods', type: 'kubernetes', options }),
  )
  await system.cluster('web', [host], { container_manager: 'pods' })
  await host.goDown()
  await system.bus.publish('jobs.watcher', record(host.address))
  await system.untilStatus(host.address, 'failed')
  await host.comeUp()
  const { status_reason } = await system.untilStatus(host.address, 'disassociated')
  expect(status_reason).toMatch(/^container manager "pods" could not be asked whether it has the host: .+/)
  await system.storage.save(
    ContainerManagerConfig,
    parseModel(ContainerManagerConfig, { name: 'pods', type: 'trivial' }),
  )
  await until(
    async () =>
      (await system.stored(host.address)).status_reason === 'not registered with container manager "pods"' ||
      undefined,
  )
  await system.bus.request('container.register_node', ['pods', host.address])
  expect((await system.untilStatus(host.address, 'active')).status_reason).toBe('')
})

test('a changed host key is told apart from a host that is away', async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost()
  await system.cluster('web', [host])
  await system.bus.publish('jobs.watcher', record(host.address))
  await looksAt(system, host.address, 1)
  await host.reinstall()
  expect((await system.untilStatus(host.address, 'failed')).status_reason).toMatch(/^host_key_changed: /)
  await looksAt(system, host.address, 2)
  expect((await system.stored(host.address)).host_key).not.toBe(host.hostKey)
})

test('a host that hangs fails as out of time, and others are looked at meanwhile', async () => {
  await using system = await TestSystem.start({ watcher: { interval: 120, concurrency: 2, patience: 300 } })
  const [stuck, well] = [await system.activeHost(), await system.activeHost()]
  await system.cluster('web', [stuck, well])
  stuck.failure = 'hangs'
  for (const { address } of [stuck, well]) await system.bus.publish('jobs.watcher', record(address))
  await looksAt(system, well.address, 3)
  expect((await system.untilStatus(stuck.address, 'failed')).status_reason).toMatch(/^timeout: /)
})

test('a host that an operation is working on is not called failed', async () => {
  await using system = await TestSystem.start({ watcher: { interval: 100 } })
  const [away, gone] = [await system.activeHost(), await system.activeHost()]
  await system.cluster('web', [away, gone])
  const { address } = away
  const upgrade = { id: 'upgrade-web-1', kind: 'upgrade', cluster: 'web', policy: {} }
  await system.storage.save(Operation, parseModel(Operation, upgrade))
  const lease = { slot: 'upgrade-of-web', operation: 'upgrade-web-1', worker: 'someone' }
  await system.storage.save(OperationLease, { ...lease, renewed_at: timestamp() })
  await system.storage.save(HostLock, { address, operation: 'upgrade-web-1', since: timestamp() })
  await away.goDown()
  await gone.goDown()
  for (const host of [away, gone]) await system.bus.publish('jobs.watcher', record(host.address))
  await system.untilStatus(gone.address, 'failed')
  await looksAt(system, gone.address, 2)
  expect((await system.stored(address)).status).toBe('active')
})

test("what somebody else wrote while the watcher looked stands, and so do an investigator's statuses", async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost({ latency: 100 })
  await system.cluster('web', [host])
  host.failure = 'hangs'
  await system.bus.publish('jobs.watcher', record(host.address))
  await until(() => host.connections > 0 || undefined)
  await system.storage.update(Host, host.address, (stored) => ({
    ...stored,
    status: 'investigating' as const,
  }))
  const heard = await system.listen('jobs.watcher')
  await until(() => heard.length >= 2 || undefined)
  expect((await system.stored(host.address)).status).toBe('investigating')
})

test('an investigation that is stuck is asked for again', async () => {
  await using system = await TestSystem.start({ watcher: { interval: 60, stuckAfter: 150 } })
  const host = await system.host()
  await system.register(host.address, { status: 'bootstrapping' })
  await system.bus.publish('jobs.watcher', record(host.address))
  await system.untilStatus(host.address, 'disassociated')
})

test('the record of a host that was removed ends its life', async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost()
  await system.bus.publish('jobs.watcher', record(host.address))
  await looksAt(system, host.address, 1)
  await system.storage.delete(Host, host.address)
  const heard = await system.listen('jobs.watcher')
  await system.bus.publish('jobs.watcher', record(host.address))
  const other = await system.activeHost()
  await system.bus.publish('jobs.watcher', record(other.address))
  await looksAt(system, other.address, 3)
  expect(heard.filter(({ body }) => (body as { address: string }).address === host.address)).toHaveLength(1)
})

test('two records of one host become one, and two watchers do not look twice as often', async () => {
  await using system = await TestSystem.start({ watcher: { interval: 200 } })
  const bus = await system.connect()
  await system.run(new WatcherService({ ...system.shared, bus, interval: 200 }))
  const host = await system.activeHost()
  await system.cluster('web', [host])
  const updates = await system.listen('notify.storage.Host.updated')
  const begun = performance.now()
  for (let i = 0; i < 4; i++) await system.bus.publish('jobs.watcher', record(host.address))
  await looksAt(system, host.address, 6)
  const rounds = (performance.now() - begun) / 200
  expect(updates.length).toBeLessThanOrEqual(rounds / 0.5 + 2)
})

test('a watcher that closes leaves its records to others', async () => {
  await using system = await TestSystem.start({ watcher: false })
  const host = await system.activeHost()
  const watcher = new WatcherService({ ...system.shared, interval: 60_000 })
  await watcher.start()
  await system.bus.request('jobs.watcher', { address: host.address, last_check: timestamp() })
  const heard = await system.listen('jobs.watcher')
  await watcher.close()
  expect(heard.map(({ body }) => body)).toEqual([{ address: host.address, last_check: '' }])
})

test('a record that is none is set aside, and the watcher goes on', async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost()
  await system.bus.publish('jobs.watcher', 'hello')
  await system.bus.publish('jobs.watcher', JSON.stringify({ last_check: '' }))
  await system.bus.publish('jobs.watcher', record(host.address))
  await looksAt(system, host.address, 2)
  const dead = await system.bus.dead.list('watcher', 10)
  expect(dead.map(({ reason }) => reason).join()).toMatch(/WatcherRecord.*address/)
  expect(dead).toHaveLength(2)
})

test('JSON-RPC is taken, too', async () => {
  await using system = await TestSystem.start(quick)
  const host = await system.activeHost()
  await system.bus.request('jobs.watcher', { address: host.address, last_check: old })
  await looksAt(system, host.address, 2)
})

test('now and then a host is looked at more closely: its facts, and whether it needs a reboot', async () => {
  await using system = await TestSystem.start({ watcher: { interval: 100, lookCloserAfter: 300 } })
  const host = await system.activeHost()
  await system.bus.publish('jobs.watcher', record(host.address))
  const needs = (answer: string) =>
    until(async () => {
      const { reboot } = await system.stored(host.address)
      return reboot.needed === answer ? reboot : undefined
    })
  const first = await needs('no')
  expect((await system.stored(host.address)).facts).toMatchObject({ bootId: host.bootId })
  host.lines = ['flag./run/reboot-required=*** System restart required ***']
  const second = await needs('yes')
  expect(second.checked_at > first.checked_at).toBe(true)
  expect(second.source).toBe('/run/reboot-required')
})

test('a host that cannot say whether it needs a reboot is well all the same', async () => {
  await using system = await TestSystem.start({ watcher: { interval: 100, lookCloserAfter: 300 } })
  const host = await system.activeHost({
    respond: ({ command }) => (command.includes('reboot_signs') ? { signal: 'KILL' } : undefined),
  })
  await system.bus.publish('jobs.watcher', record(host.address))
  await until(async () => (await system.stored(host.address)).reboot.checked_at)
  const stored = await system.stored(host.address)
  expect([stored.reboot.needed, stored.status === 'failed']).toEqual(['unknown', false])
})

test('a watcher that did not get to run looks again, and calls no host slow for that', async () => {
  await using system = await TestSystem.start({ watcher: { interval: 200, patience: 400 } })
  const commands: string[] = []
  const host = await system.activeHost({
    // While the third look waits for its answer, the process is busy for longer than the host has time.
    // While a plain look waits for its answer, the process is busy for longer than the host has time.
    respond: async ({ command }) => {
      if (commands.push(command) !== 8) return undefined
      await pause(100)
      hog(1000)
      await pause(100)
      return undefined
    },
  })
  await system.cluster('web', [host])
  const changes = await system.listen('notify.storage.Host.updated')
  await system.bus.publish('jobs.watcher', record(host.address))
  await until(() => commands.length > 10 || undefined)
  await looksAt(system, host.address, 2)
  const failures = changes.filter(({ body }) => (body as { model: Host }).model.status === 'failed')
  expect(failures).toEqual([])
}, 30_000)

/** Keeps the process busy. */
function hog(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}
