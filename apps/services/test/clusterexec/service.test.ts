/** Rolling operations over the memory bus and real SSH. */
import { until } from '@commissaire/testing'
import { Cluster, ClusterDeploy, ClusterRestart, ClusterUpgrade, Host } from '@commissaire/models'
import type { FakeHost } from '@commissaire/hosts/testing'
import { expect, test } from 'vitest'

import { ClusterexecService } from '../../src/index.ts'
import { quickReboot, TestSystem, untilEnded } from '../system.ts'

const noWatcher = { watcher: false } as const

function restarted(system: TestSystem, name = 'web'): Promise<ClusterRestart> {
  return untilEnded(() => system.storage.find(ClusterRestart, name))
}

function upgraded(system: TestSystem, name = 'web'): Promise<ClusterUpgrade> {
  return untilEnded(() => system.storage.find(ClusterUpgrade, name))
}

function reboots(commands: readonly string[]): number {
  return commands.filter((command) => /systemctl reboot/.test(command)).length
}

test('a restart answers at once and reboots host after host, proven by their boot ids', async () => {
  await using system = await TestSystem.start(noWatcher)
  const hosts = [await system.activeHost(), await system.activeHost()]
  const addresses = hosts.map(({ address }) => address)
  const before = hosts.map(({ bootId }) => bootId)
  await system.cluster('web', hosts)
  const progress = await system.listen('notify.storage.ClusterRestart.*')
  const answer = await system.bus.request('jobs.clusterexec.restart', ['web'])
  expect(answer).toMatchObject({
    name: 'web',
    status: 'in_process',
    restarted: [],
    in_process: [],
    finished_at: '',
  })
  expect(reboots(hosts.flatMap(({ commands }) => commands))).toBe(0)
  const operation = await restarted(system)
  expect(operation).toMatchObject({
    status: 'finished',
    restarted: addresses,
    in_process: [],
    failures: {},
    reason: '',
  })
  expect(operation.finished_at).not.toBe('')
  for (const [index, host] of hosts.entries()) {
    expect(host.bootId).not.toBe(before[index])
    expect(reboots(host.commands)).toBe(1)
    expect((await system.stored(host.address)).facts).toMatchObject({ bootId: host.bootId })
  }
  const steps = progress.map(({ body }) => (body as { model: ClusterRestart }).model)
  const [first, second] = addresses
  const shown = steps.map(({ in_process, restarted }) => [in_process, restarted].join('|'))
  expect([...new Set(shown)]).toEqual([
    '|',
    `${first}|`,
    `|${first}`,
    `${second}|${first}`,
    `|${first},${second}`,
  ])
})

test('an upgrade upgrades every host and reboots none that need not', async () => {
  await using system = await TestSystem.start(noWatcher)
  const hosts = [await system.activeHost(), await system.activeHost({ system: 'fedora' })]
  await system.cluster('web', hosts)
  await system.bus.request('jobs.clusterexec.upgrade', { cluster_name: 'web' })
  expect(await upgraded(system)).toMatchObject({
    status: 'finished',
    upgraded: hosts.map(({ address }) => address),
  })
  expect(hosts[0]?.commands.some((command) => command.includes('apt-get'))).toBe(true)
  expect(hosts[1]?.commands.some((command) => command.includes('dnf'))).toBe(true)
  expect(reboots(hosts.flatMap(({ commands }) => commands))).toBe(0)
})

test('an operation without a cluster is not found, without a name or version not valid', async () => {
  await using system = await TestSystem.start(noWatcher)
  await expect(system.bus.request('jobs.clusterexec.restart', ['nosuch'])).rejects.toMatchObject({
    code: 404,
  })
  await expect(system.bus.request('jobs.clusterexec.deploy', ['nosuch', ''])).rejects.toMatchObject({
    code: -32602,
    data: { faults: [{ path: 'version', message: 'must not be empty' }] },
  })
  expect(await system.storage.find(ClusterRestart, 'nosuch')).toBeUndefined()
})

test('an operation on a cluster without hosts is finished at once, and says so', async () => {
  await using system = await TestSystem.start(noWatcher)
  await system.cluster('web', [])
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  expect(await restarted(system)).toMatchObject({ status: 'finished', reason: 'The cluster has no hosts.' })
})

test('a host that cannot deploy a version stops the deployment, with what to do', async () => {
  await using system = await TestSystem.start(noWatcher)
  const hosts = [await system.activeHost(), await system.activeHost()]
  const [first, second] = hosts.map(({ address }) => address)
  await system.cluster('web', hosts)
  await system.bus.request('jobs.clusterexec.deploy', ['web', '7.2.6'])
  const operation = await untilEnded(() => system.storage.find(ClusterDeploy, 'web'))
  expect(operation).toMatchObject({ status: 'paused', version: '7.2.6', deployed: [] })
  expect(operation.failures).toEqual({ [String(first)]: expect.stringMatching(/^not_supported: /) })
  expect(operation.reason).toMatch(/^1 of 2 hosts failed, and max_failures is 0; /)
  expect(hosts.find(({ address }) => address === second)?.commands).toEqual([])
})

test('hosts that are not active are left out, and told', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [well, failed] = [await system.activeHost(), await system.activeHost()]
  await system.storage.update(Host, failed.address, (host) => ({
    ...host,
    status: 'failed' as const,
    status_reason: 'refused: gone',
  }))
  await system.cluster('web', [failed, well])
  await system.bus.request('jobs.clusterexec.restart', ['web', { max_unavailable: 2 }])
  expect(await restarted(system)).toMatchObject({
    status: 'failed',
    restarted: [well.address],
    failures: { [failed.address]: 'left out: its status is "failed" (refused: gone)' },
    reason: '1 of 2 hosts were not restarted; "failures" says why.',
  })
  expect(failed.commands).toEqual([])
})

test('a host that cannot be reached stops the roll-out, and those after it are not touched', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [first, second, third] = [
    await system.activeHost(),
    await system.activeHost(),
    await system.activeHost(),
  ]
  await system.cluster('web', [first, second, third])
  await second.goDown()
  await system.bus.request('jobs.clusterexec.upgrade', ['web'])
  expect(await upgraded(system)).toMatchObject({
    status: 'paused',
    upgraded: [first.address],
    in_process: [],
    failures: { [second.address]: expect.stringMatching(/^refused: /) },
    reason: expect.stringMatching(/^1 of 3 hosts failed, and max_failures is 0; /),
  })
  expect(third.commands).toEqual([])
  expect((await system.stored(second.address)).status).toBe('failed')
})

test('a host lost in the middle of its upgrade stops the roll-out', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.activeHost({
    respond: async ({ command }) => {
      if (command.includes('upgrade')) await host.goDown()
      return undefined
    },
  })
  const other = await system.activeHost()
  await system.cluster('web', [host, other])
  await system.bus.request('jobs.clusterexec.upgrade', ['web'])
  const { status, failures } = await upgraded(system)
  expect(status).toBe('paused')
  expect(failures).toEqual({ [host.address]: expect.stringMatching(/^connection_lost: /) })
})

test.for([
  ['never_returns', 'did_not_return', 'failed'],
  ['ignores', 'did_not_reboot', 'active'],
  ['returns_with_same_boot_id', 'did_not_reboot', 'active'],
  ['returns_with_other_host_key', 'identity_changed', 'failed'],
] as const)('a host whose reboot %s ends the restart as %s', async ([onReboot, code, status]) => {
  await using system = await TestSystem.start(noWatcher)
  const [host, other] = [await system.activeHost(), await system.activeHost()]
  host.onReboot = onReboot
  await system.cluster('web', [host, other])
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  const operation = await restarted(system)
  expect(operation).toMatchObject({ status: 'paused', restarted: [] })
  expect(operation.failures).toEqual({ [host.address]: expect.stringMatching(new RegExp(`^${code}: `)) })
  expect((await system.stored(host.address)).status).toBe(status)
  expect(other.commands).toEqual([])
})

test('a second operation of one kind is refused while the first is in process, and welcome after it', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.activeHost()
  await system.cluster('web', [host])
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  await expect(system.bus.request('jobs.clusterexec.restart', ['web'])).rejects.toMatchObject({ code: 409 })
  await restarted(system)
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  await restarted(system)
  expect(reboots(host.commands)).toBe(2)
})

test('a restart tells listeners about the operation and its hosts, and nothing internal', async () => {
  await using system = await TestSystem.start(noWatcher)
  const hosts = [await system.activeHost(), await system.activeHost()]
  await system.cluster('web', hosts)
  const bus = await system.connect()
  await system.run(new ClusterexecService({ ...system.shared, bus, reboot: quickReboot }))
  const heard = await system.listen('notify.#')
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  expect((await restarted(system)).status).toBe('finished')
  const counts = new Map<string, number>()
  for (const { routingKey } of heard) counts.set(routingKey, (counts.get(routingKey) ?? 0) + 1)
  for (const routingKey of counts.keys())
    expect(routingKey).toMatch(/^notify\.(storage\.(ClusterRestart|Operation|Host|Cluster)|operation)\./)
  expect(heard.length).toBeLessThan(25)
})

test('two operations never have the same host at the same time', async () => {
  await using system = await TestSystem.start(noWatcher)
  const hosts = await Promise.all([1, 2, 3].map(() => system.activeHost({ latency: 10 })))
  await system.cluster('web', hosts)
  const bus = await system.connect()
  await system.run(new ClusterexecService({ ...system.shared, bus, reboot: quickReboot }))
  const progress = await system.listen('notify.storage.#')
  await Promise.all([
    system.bus.request('jobs.clusterexec.restart', ['web']),
    system.bus.request('jobs.clusterexec.upgrade', ['web']),
  ])
  expect((await restarted(system)).status).toBe('finished')
  expect((await upgraded(system)).status).toBe('finished')
  for (const { commands } of hosts) {
    const kinds = commands
      .filter((c) => /apt-get|systemctl reboot/.test(c))
      .map((c) => (c.includes('apt-get') ? 'u' : 'r'))
    expect(kinds.join('')).toMatch(/^(u+r|ru+)$/)
  }
  expect(progress.length).toBeGreaterThan(0)
})

test('a service that closes in the middle of a reboot leaves it to the next, which does not reboot again', async () => {
  await using system = await TestSystem.start({ watcher: false, clusterexec: { queues: [] } })
  const [first, second] = [await system.activeHost(), await system.activeHost()]
  first.downTime = 600
  await system.cluster('web', [first, second])
  const options = { ...system.shared, reboot: { ...quickReboot, returnWithin: 15_000 }, lease: 1500 }
  const dying = new ClusterexecService({ ...options, drainTimeout: 20 })
  await dying.start()
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  await until(() => reboots(first.commands) || undefined)
  await dying.close()
  expect((await system.storage.get(ClusterRestart, 'web')).status).toBe('in_process')
  await system.run(new ClusterexecService(options))
  expect(await restarted(system)).toMatchObject({
    status: 'finished',
    restarted: [first.address, second.address],
  })
  expect([reboots(first.commands), reboots(second.commands)]).toEqual([1, 1])
})

test('a cluster that goes away ends what is rolled over it', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await system.activeHost()
  await system.cluster('web', [host])
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  await restarted(system)
  await system.storage.delete(Cluster, 'web')
  await expect(system.bus.request('jobs.clusterexec.restart', ['web'])).rejects.toMatchObject({ code: 404 })
})

test('after an upgrade it is kept whether the host needs a reboot', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host: FakeHost = await system.activeHost({
    respond: ({ command }) => {
      if (command.includes('dist-upgrade'))
        host.lines = ['flag./run/reboot-required=', 'flag.packages=libc6 ']
      return undefined
    },
  })
  await system.cluster('web', [host])
  await system.bus.request('jobs.clusterexec.upgrade', ['web'])
  expect(await upgraded(system)).toMatchObject({ status: 'finished' })
  expect((await system.stored(host.address)).reboot).toMatchObject({
    needed: 'yes',
    reason: 'the system asks for it (libc6)',
  })
})

test('an argument that is null counts as left out, by name and in order', async () => {
  await using system = await TestSystem.start(noWatcher)
  await system.cluster('empty', [])
  const names = { kind: 'exec', cluster_name: 'empty', version: null, command: 'true', hosts: null }
  const started = { kind: 'exec', version: '', command: 'true', status: 'in_process' }
  const byName = await system.bus.request('jobs.clusterexec.start', { ...names, policy: null, by: null })
  expect(byName).toMatchObject(started)
  const inOrder = ['exec', 'empty', null, 'true', null, null, null]
  expect(await system.bus.request('jobs.clusterexec.start', inOrder)).toMatchObject(started)
  expect(await system.bus.request('jobs.clusterexec.restart', ['empty', null])).toMatchObject({
    name: 'empty',
  })
})

test('arguments that do not fit are refused with each fault, before anything is stored', async () => {
  await using system = await TestSystem.start(noWatcher)
  const request = { kind: 'exe', cluster_name: 'web', policy: { max_unavailble: 1 } }
  await expect(system.bus.request('jobs.clusterexec.start', request)).rejects.toMatchObject({
    code: -32602,
    data: { faults: [{ path: 'kind' }, { path: 'policy' }] },
  })
})
