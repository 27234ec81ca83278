/** What a plan tells before anything is touched. */
import { until } from '@commissaire/testing'
import { nodeName } from '@commissaire/containermgr'
import type { FakeHost } from '@commissaire/hosts/testing'
import { Host, HostLock, OperationHost, Operations } from '@commissaire/models'
import { expect, test } from 'vitest'

import type { OperationPlan } from '../../src/clusterexec/planning/operation-plan.ts'
import { NodeSystem } from './kubernetes.ts'
import { TestSystem } from '../system.ts'

const noWatcher = { watcher: false } as const

function plan(system: TestSystem, wish: object = {}): Promise<OperationPlan> {
  return system.bus.request('jobs.clusterexec.plan', {
    kind: 'upgrade',
    cluster_name: 'web',
    ...wish,
  })
}

/** Codes by host, and those of the whole. */
function codes({ hosts, findings }: OperationPlan): Record<string, string[]> {
  const byHost = hosts.map(
    ({ address, findings: found }) => [address, found.map(({ code }) => code)] as const,
  )
  return Object.fromEntries([...byHost, ['all', findings.map(({ code }) => code)]])
}

async function fleet(system: TestSystem, count: number): Promise<FakeHost[]> {
  const hosts: FakeHost[] = []
  for (let index = 0; index < count; index++) {
    const host = await system.activeHost()
    host.lines = [`machine-id=${String(index).padStart(32, '0')}`]
    hosts.push(host)
  }
  await system.cluster('web', hosts)
  return hosts
}

test('a plan says in which order and until when, finds nothing on sound hosts, and touches nothing', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [first, second] = await fleet(system, 2)
  const planned = await plan(system)
  expect(codes(planned)).toEqual({ [String(first?.address)]: [], [String(second?.address)]: [], all: [] })
  expect(planned).toMatchObject({ kind: 'upgrade', cluster: 'web', left_out: [], stops: '' })
  const [one, two] = planned.hosts
  expect(two?.begins).toBe(one?.ends)
  expect(planned.ends_at).toBe(two?.ends)
  expect(Date.parse(one?.ends ?? '') - Date.parse(one?.begins ?? '')).toBe(600_000)
  expect(first?.commands).toEqual([])
  expect(await system.storage.list(Operations)).toEqual([])
})

test('a plan tells what each host has in the way, with the remedy', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [full, busy, gone, reinstalled, weak, locked] = await fleet(system, 6)
  if (!full || !busy || !gone || !reinstalled || !weak || !locked) throw new Error('no fleet')
  full.lines = [...full.lines, 'fs=/dev/vda1 996780 990000 6780 99% /boot', 'fs=/dev/vda2 9 9 52212 99% /']
  busy.lines = [...busy.lines, 'lock=/var/lib/dpkg/lock-frontend']
  weak.privilege = 'none: a password is required'
  await gone.goDown()
  await reinstalled.reinstall()
  await system.storage.save(HostLock, { address: locked.address, operation: 'none-such', since: '' })
  const planned = await plan(system, { policy: { max_unavailable: 4, order: 'given' } })
  expect(codes(planned)).toEqual({
    [full.address]: ['no_space', 'no_space'],
    [busy.address]: ['busy'],
    [weak.address]: ['no_sudo'],
    [locked.address]: [],
    all: ['fewer_at_a_time'],
  })
  expect(planned.left_out).toEqual([
    { address: gone.address, reason: expect.stringContaining(gone.address) },
    { address: reinstalled.address, reason: expect.stringContaining(reinstalled.address) },
  ])
  for (const { findings, address } of planned.hosts)
    for (const finding of findings) {
      expect(finding).toMatchObject({ address, severity: 'blocks' })
      expect(finding.remedy).not.toBe('')
    }
})

test('a plan tells of hosts that are down whether they stop the operation', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [well, down] = await fleet(system, 2)
  if (!well || !down) throw new Error('no fleet')
  const failed = { status: 'failed', status_reason: 'refused: gone' } as const
  await system.storage.update(Host, down.address, (host) => ({ ...host, ...failed }))
  const planned = await plan(system)
  expect(planned.ends_at).toBe('')
  expect(planned.stops).toBe(`max_unavailable allows 1 away, and ${down.address} is`)
  expect(planned.findings).toMatchObject([{ code: 'stops', severity: 'blocks', message: planned.stops }])
  expect(codes(planned)[down.address]).toEqual(['down'])
  const roomier = await plan(system, { policy: { max_unavailable: 2 } })
  expect(roomier).toMatchObject({
    stops: '',
    left_out: [{ address: down.address, reason: 'its status is "failed" (refused: gone)' }],
    findings: [{ code: 'fewer_at_a_time' }],
  })
})

test('a plan tells of clones, of what updates a host by itself, and of hosts that cannot take a version', async () => {
  await using system = await TestSystem.start(noWatcher)
  const image = await system.activeHost({ system: 'coreos' })
  const packages = await system.activeHost()
  await system.cluster('web', [image, packages])
  const planned = await plan(system, { kind: 'deploy', version: '41.20250301.0' })
  expect(codes(planned)).toMatchObject({
    [image.address]: ['driven_elsewhere', 'machine_id_shared'],
    [packages.address]: ['not_supported', 'machine_id_shared'],
  })
  const restart = await plan(system, { kind: 'restart' })
  expect(codes(restart)).toMatchObject({ [image.address]: ['machine_id_shared'] })
})

test('a plan tells of windows that are too short for what hosts took before', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [host] = await fleet(system, 1)
  if (!host) throw new Error('no fleet')
  const policy = { windows: [{ start: '0 3 * * *', minutes: 5 }] }
  const guessed = await plan(system, { policy })
  expect(guessed.hosts[0]?.findings).toMatchObject([{ code: 'window_may_be_too_short', severity: 'warns' }])
  expect(guessed.hosts[0]?.begins).toMatch(/T03:00:00/)
  const { id } = await system.bus.request<{ id: string }>('jobs.clusterexec.start', {
    kind: 'upgrade',
    cluster_name: 'web',
  })
  await until(async () => (await system.storage.list(Operations)).some(({ status }) => status === 'finished'))
  await system.storage.update(OperationHost, `${id}/${host.address}`, (turn) => ({
    ...turn,
    started_at: '2026-01-01T00:00:00.000000',
    finished_at: '2026-01-01T00:20:00.000000',
  }))
  const known = await plan(system, { policy })
  expect(codes(known)).toEqual({ [host.address]: ['window_too_short'], all: ['stops'] })
  expect(known.ends_at).toBe('')
})

test('a plan is refused as the operation would be, and tells of the one that is under way', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [host] = await fleet(system, 1)
  await expect(plan(system, { policy: { max_unavailable: '0%' } })).rejects.toMatchObject({
    code: -32602,
    data: { faults: [{ path: 'policy.max_unavailable' }] },
  })
  await expect(plan(system, { cluster_name: 'nosuch' })).rejects.toMatchObject({ code: 404 })
  if (host) host.downTime = 1500
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  await until(() => system.storage.find(HostLock, String(host?.address)))
  const planned = await plan(system, { kind: 'restart' })
  expect(planned.findings.map(({ code }) => code)).toContain('under_way')
  expect(codes(planned)[String(host?.address)]).toContain('host_locked')
})

test('a plan that has no time left tells which hosts it did not look at', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [quick, slow] = await fleet(system, 2)
  if (!quick || !slow) throw new Error('no fleet')
  slow.failure = 'hangs'
  const planned: OperationPlan = await system.bus.request(
    'jobs.clusterexec.plan',
    { kind: 'upgrade', cluster_name: 'web' },
    { timeout: 4000 },
  )
  expect(codes(planned)).toEqual({
    [quick.address]: [],
    [slow.address]: ['not_looked_at'],
    all: ['not_looked_at'],
  })
})

test('a plan tells what keeps nodes from being drained', async () => {
  await using world = await NodeSystem.start()
  const [bare, held, cordoned, unknown] = [
    await world.node(),
    await world.node(),
    await world.node({ state: { unschedulable: true, pressure: ['DiskPressure'] } }),
    await world.node(),
  ]
  for (const [index, host] of [bare, held, cordoned, unknown].entries())
    host.lines = [`machine-id=${String(index).padStart(32, '0')}`]
  await world.gather([bare, held, cordoned, unknown])
  world.cluster.remove('nodes', `/${nodeName(unknown.address)}`)
  world.cluster.addPod('lonely', { node: nodeName(bare.address), owner: null })
  world.cluster.addPod('scratch-1', { node: nodeName(bare.address), emptyDir: true })
  world.cluster.addPod('web-1', { node: nodeName(held.address), labels: { app: 'web' } })
  world.cluster.addPod('db-1', { node: nodeName(held.address), labels: { app: 'db' } })
  const ofWeb = { matchLabels: { app: 'web' } }
  world.cluster.addBudget('web', { ...ofWeb, disruptionsAllowed: 0, desiredHealthy: 1, expectedPods: 2 })
  const stuck = { disruptionsAllowed: 0, desiredHealthy: 1, expectedPods: 1 }
  world.cluster.addBudget('db', {
    matchLabels: { app: 'db' },
    ...stuck,
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  })
  const planned = await plan(world.system, { policy: { order: 'given' } })
  expect(codes(planned)).toEqual({
    [bare.address]: ['pod_empty_dir', 'pod_unmanaged'],
    [held.address]: ['budget_blocked', 'budget_holds_unhealthy', 'budget_stuck'],
    [cordoned.address]: ['node_cordoned', 'node_unwell'],
    [unknown.address]: ['node_unknown'],
    all: [],
  })
  const willing = { force: true, delete_emptydir_data: true, disable_eviction: true }
  const forced = await plan(world.system, { policy: { order: 'given', drain: willing } })
  expect(codes(forced)).toMatchObject({ [bare.address]: [], [held.address]: [] })
  const exec = await plan(world.system, { kind: 'exec', command: 'true' })
  expect(codes(exec)).toMatchObject({ [unknown.address]: [] })
  expect(world.story).toEqual([])
})

test('a plan tells of an API server that refuses, and of one that is not there', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node()
  await world.gather([host])
  world.server.failWith = 403
  const refused = await plan(world.system)
  expect(refused.hosts[0]?.findings).toMatchObject([
    { code: 'nodes_unreadable', message: 'the API server: the double was told to fail' },
  ])
  world.server.silent = true
  const silent: OperationPlan = await world.system.bus.request(
    'jobs.clusterexec.plan',
    { kind: 'restart', cluster_name: 'web' },
    { timeout: 8000 },
  )
  expect(codes(silent)).toEqual({ [host.address]: ['nodes_unreadable'], all: [] })
})
