/** Rolling operations over hosts that are nodes: scripted hosts over real SSH, and a double of an API server. */
import { until } from '@commissaire/testing'
import { nodeName } from '@commissaire/containermgr'
import { CORDONED_BY } from '@commissaire/containermgr/drain'
import { ContainerManagerConfig, parseModel } from '@commissaire/models'
import { expect, test } from 'vitest'

import { ClusterexecService } from '../../src/index.ts'
import { NodeSystem } from './kubernetes.ts'
import { reboots, Rolling, stepsIn } from './operations.ts'
import { quickReboot } from '../system.ts'

const ofWeb = { matchLabels: { app: 'web' } }
const full = { ...ofWeb, disruptionsAllowed: 0, desiredHealthy: 1, expectedPods: 2 }

test('each node is cordoned, drained, rebooted, well and uncordoned, and its pods are up elsewhere, before the next', async () => {
  await using world = await NodeSystem.start()
  const [first, second] = [await world.node(), await world.node()]
  const [one, two] = [nodeName(first.address), nodeName(second.address)]
  await world.gather([first, second])
  world.cluster.addPod('web-1', { node: one, labels: { app: 'web' } })
  world.cluster.addPod('web-2', { node: two, labels: { app: 'web' } })
  world.cluster.addPod('agent-1', { node: one, owner: 'DaemonSet/agent' })
  world.cluster.setReplicas('replicasets', 'default/web', { wanted: 2, ready: 2 })
  world.cluster.onRemoved = () =>
    world.cluster.setReplicas('replicasets', 'default/web', { wanted: 2, ready: 1 })
  const rolling = await Rolling.start(world.system, { kind: 'restart' })
  await rolling.untilIn(first, 'workloads')
  expect(world.story).toEqual([`cordon ${one}`, 'evict web-1', `reboot ${one}`, `uncordon ${one}`])
  expect((await rolling.host(second)).state).toBe('waiting')
  world.cluster.setReplicas('replicasets', 'default/web', { wanted: 2, ready: 2 })
  await rolling.untilIn(second, 'workloads')
  world.cluster.setReplicas('replicasets', 'default/web', { wanted: 2, ready: 2 })
  expect(await rolling.until('finished', 'paused')).toMatchObject({ status: 'finished', hosts: { done: 2 } })
  const after = [`cordon ${two}`, 'evict web-2', `reboot ${two}`, `uncordon ${two}`]
  expect(world.story.slice(4)).toEqual(after)
  expect([world.isCordoned(first), world.isCordoned(second)]).toEqual([false, false])
})

test('a node that says Ready of the boot before is not believed', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node({ follows: false })
  const before = host.bootId
  await world.gather([host])
  const rolling = await Rolling.start(world.system, { kind: 'restart' })
  await rolling.untilIn(host, 'health')
  const asked = world.server.requests.length
  await until(() => world.server.requests.slice(asked).filter((line) => line.includes('/nodes/')).length > 1)
  expect((await rolling.host(host)).step).toBe('health')
  expect(world.isCordoned(host)).toBe(true)
  world.hear(host)
  expect((await rolling.until('finished', 'paused')).status).toBe('finished')
  expect(world.isCordoned(host)).toBe(false)
  expect((await rolling.output(host)).join('\n')).toContain(
    `its kubelet reports boot id ${before}, the host ${host.bootId}`,
  )
})

test('a node that somebody else had cordoned stays cordoned', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node({ state: { unschedulable: true } })
  await world.gather([host])
  const rolling = await Rolling.start(world.system, { kind: 'restart' })
  expect((await rolling.until('finished', 'paused')).status).toBe('finished')
  expect(world.isCordoned(host)).toBe(true)
  expect(world.story).toEqual([`reboot ${nodeName(host.address)}`])
})

test('a budget without room fails the drain in its time; the host is as it was, and a retry goes through', async () => {
  await using world = await NodeSystem.start()
  const [host, next] = [await world.node(), await world.node()]
  await world.gather([host, next])
  world.cluster.addPod('web-1', { node: nodeName(host.address), labels: { app: 'web' } })
  world.cluster.addBudget('web-budget', full)
  const policy = { drain: { timeout: 1 } }
  const rolling = await Rolling.start(world.system, { kind: 'restart', policy })
  const paused = await rolling.until('paused', 'finished')
  expect(paused).toMatchObject({ status: 'paused', hosts: { failed: 1, waiting: 1 } })
  expect(paused.reason).toContain('web-budget')
  expect(await rolling.host(host)).toMatchObject({ state: 'failed', step: 'drain', code: 'timeout' })
  expect([world.isCordoned(host), reboots(host)]).toEqual([false, 0])
  expect(next.commands).toEqual([])
  world.cluster.addBudget('web-budget', { ...full, disruptionsAllowed: 1 })
  await rolling.ask('retry')
  expect((await rolling.until('finished', 'paused')).status).toBe('finished')
  expect([reboots(host), reboots(next)]).toEqual([1, 1])
  expect(world.cluster.list('pods')).toEqual([])
})

test('a drain for which the time of its host runs out names the budget, too, and the node is given back', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node()
  await world.gather([host])
  world.cluster.addPod('web-1', { node: nodeName(host.address), labels: { app: 'web' } })
  world.cluster.addBudget('web-budget', full)
  const rolling = await Rolling.start(world.system, { kind: 'restart', policy: { host_timeout: 4 } })
  expect((await rolling.until('failed', 'finished')).reason).toContain('web-budget')
  expect(await rolling.host(host)).toMatchObject({ state: 'failed', step: 'drain', code: 'timeout' })
  expect([world.isCordoned(host), reboots(host)]).toEqual([false, 0])
})

test('a node is given back also when the time of its host is over and the API server is away', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node()
  await world.gather([host])
  world.cluster.addPod('web-1', { node: nodeName(host.address), labels: { app: 'web' } })
  world.cluster.addBudget('web-budget', full)
  let refused = 0
  world.server.intercept = ({ method, body }) => {
    const isUncordon = method === 'PATCH' && JSON.stringify(body).includes('"unschedulable":null')
    return isUncordon && refused++ < 3
      ? [503, { kind: 'Status', code: 503, message: 'restarting' }]
      : undefined
  }
  const rolling = await Rolling.start(world.system, { kind: 'restart', policy: { host_timeout: 4 } })
  await rolling.until('failed', 'finished')
  expect(await rolling.host(host)).toMatchObject({
    state: 'failed',
    step: 'drain',
    reason: expect.stringContaining('web-budget'),
  })
  expect([world.isCordoned(host), reboots(host), refused]).toEqual([false, 0, 4])
})

test('cancelled in the middle of a drain, the node is uncordoned and its host not rebooted', async () => {
  await using world = await NodeSystem.start()
  const [host, next] = [await world.node(), await world.node()]
  await world.gather([host, next])
  world.cluster.addPod('web-1', { node: nodeName(host.address), labels: { app: 'web' } })
  world.cluster.addBudget('web-budget', full)
  const rolling = await Rolling.start(world.system, { kind: 'restart' })
  await until(() => world.story.includes('evict web-1'))
  await rolling.ask('cancel', { reason: 'not today' })
  expect(await rolling.until('cancelled')).toMatchObject({
    reason: 'not today',
    hosts: { untouched: 2 },
  })
  expect([world.isCordoned(host), reboots(host), next.commands.length]).toEqual([false, 0, 0])
})

test('paused in the middle of a drain, the node is given back; resumed, it has its turn anew', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node()
  await world.gather([host])
  world.cluster.addPod('web-1', { node: nodeName(host.address), labels: { app: 'web' } })
  world.cluster.addBudget('web-budget', full)
  const rolling = await Rolling.start(world.system, { kind: 'restart' })
  await until(() => world.story.includes('evict web-1'))
  await rolling.ask('pause')
  expect(await rolling.until('paused')).toMatchObject({ hosts: { waiting: 1 } })
  expect([world.isCordoned(host), reboots(host)]).toEqual([false, 0])
  world.cluster.addBudget('web-budget', { ...full, disruptionsAllowed: 1 })
  await rolling.ask('resume')
  expect((await rolling.until('finished', 'failed')).status).toBe('finished')
  expect([world.isCordoned(host), reboots(host)]).toEqual([false, 1])
})

test('hosts of the control plane come last, and alone', async () => {
  await using world = await NodeSystem.start()
  const labels = { 'node-role.kubernetes.io/control-plane': '' }
  const control = [await world.node({ stored: { labels } }), await world.node({ stored: { labels } })]
  const workers = [await world.node(), await world.node()]
  await world.gather([...control, ...workers])
  const rolling = await Rolling.start(world.system, { kind: 'restart', policy: { max_unavailable: 4 } })
  expect((await rolling.until('finished', 'paused')).status).toBe('finished')
  const turns = await Promise.all([...workers, ...control].map((host) => rolling.host(host)))
  const [one, other, third, fourth] = turns
  const span = (turn: typeof one) => [turn?.started_at ?? '', turn?.finished_at ?? ''] as const
  expect(span(other)[0] < span(one)[1]).toBe(true)
  const ended = [span(one)[1], span(other)[1]].toSorted().at(-1) ?? ''
  expect(span(third)[0] > ended).toBe(true)
  expect(span(fourth)[0] > span(third)[1]).toBe(true)
})

test('maintenance keeps a host drained until it is released', async () => {
  await using world = await NodeSystem.start()
  const [host, other] = [await world.node(), await world.node()]
  await world.gather([host, other])
  world.cluster.addPod('web-1', { node: nodeName(host.address), labels: { app: 'web' } })
  const rolling = await Rolling.start(world.system, { kind: 'drain', hosts: [host.address] })
  await rolling.untilIn(host, 'hold')
  expect([world.isCordoned(host), world.cluster.list('pods').length]).toEqual([true, 0])
  expect(world.nodeOf(host).metadata.annotations).toMatchObject({ [CORDONED_BY]: rolling.id })
  await rolling.ask('release', { hosts: [host.address] })
  expect(await rolling.until('finished', 'paused')).toMatchObject({ status: 'finished', hosts: { done: 1 } })
  expect([world.isCordoned(host), reboots(host), other.commands.length]).toEqual([false, 0, 0])
})

test('maintenance that is cancelled gives the host back as it was', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node()
  await world.gather([host])
  const rolling = await Rolling.start(world.system, { kind: 'drain' })
  await rolling.untilIn(host, 'hold')
  await rolling.ask('cancel')
  expect(await rolling.until('cancelled')).toMatchObject({ hosts: { untouched: 1 } })
  expect(world.isCordoned(host)).toBe(false)
})

test('a node under pressure keeps the gate closed; when it is relieved, a retry does not reboot again', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node({ follows: false })
  await world.gather([host])
  const policy = { health: { ready_for: 0, within: 1 } }
  host.onPhase = (phase) => phase === 'up' && world.hear(host, { pressure: ['DiskPressure'] })
  const rolling = await Rolling.start(world.system, { kind: 'restart', policy })
  const failed = await rolling.until('failed', 'finished')
  expect(failed.reason).toContain('DiskPressure')
  expect(await rolling.host(host)).toMatchObject({ state: 'failed', step: 'health', code: 'unhealthy' })
  expect(world.isCordoned(host)).toBe(true)
  world.hear(host)
  await rolling.ask('retry')
  expect((await rolling.until('finished')).status).toBe('finished')
  expect([reboots(host), world.isCordoned(host)]).toEqual([1, false])
})

test('a node has to be well for a while without a break', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node()
  await world.gather([host])
  const policy = { reboot: 'never', health: { ready_for: 3, within: 20 } }
  const rolling = await Rolling.start(world.system, { kind: 'upgrade', policy })
  await rolling.untilIn(host, 'health')
  const began = Date.now()
  world.hear(host, { ready: false })
  const asked = world.server.requests.length
  await until(() => world.server.requests.slice(asked).some((line) => line.includes('/nodes/')))
  world.hear(host)
  expect((await rolling.until('finished', 'paused')).status).toBe('finished')
  expect(Date.now() - began).toBeGreaterThan(3000)
  expect([reboots(host), world.isCordoned(host)]).toEqual([0, false])
})

test('a drain whose service dies is gone on with by another, which evicts nothing twice and knows what to wait for', async () => {
  await using world = await NodeSystem.start({ clusterexec: { queues: [] } })
  const { system } = world
  const host = await world.node()
  await world.gather([host])
  for (const name of ['web-1', 'web-2'])
    world.cluster.addPod(name, { node: nodeName(host.address), labels: { app: 'web' } })
  world.cluster.lingering.add('default/web-1')
  world.cluster.onRemoved = () =>
    world.cluster.setReplicas('replicasets', 'default/web', { wanted: 2, ready: 0 })
  const options = { ...system.shared, reboot: quickReboot, lease: 1500 }
  const dying = new ClusterexecService({ ...options, drainTimeout: 20 })
  await dying.start()
  const rolling = await Rolling.start(system, { kind: 'restart' })
  await until(() => world.cluster.list('pods').length === 1 && world.story.includes('evict web-1'))
  await dying.close()
  expect(await rolling.host(host)).toMatchObject({ state: 'working', step: 'drain' })
  expect([world.isCordoned(host), reboots(host)]).toEqual([true, 0])
  await system.run(new ClusterexecService(options))
  const asked = world.server.requests.length
  await until(() => world.server.requests.slice(asked).some((line) => line.endsWith('/pods/web-1')))
  world.cluster.finish('default/web-1')
  await rolling.untilIn(host, 'workloads')
  world.cluster.setReplicas('replicasets', 'default/web', { wanted: 2, ready: 2 })
  expect((await rolling.until('finished', 'paused')).status).toBe('finished')
  expect(world.story.filter((line) => line.startsWith('evict')).toSorted()).toEqual([
    'evict web-1',
    'evict web-2',
  ])
  expect(stepsIn(await rolling.host(host)).filter((step) => step === 'cordon')).toHaveLength(1)
})

test('an API server that is away while its host reboots is waited for', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node({ follows: false })
  await world.gather([host])
  host.onPhase = (phase) => {
    if (phase === 'down') world.server.failWith = 503
    if (phase === 'up') world.hear(host)
  }
  const rolling = await Rolling.start(world.system, { kind: 'restart' })
  await rolling.untilIn(host, 'health')
  const asked = world.server.requests.length
  await until(() => world.server.requests.length > asked + 1)
  world.server.failWith = undefined
  expect((await rolling.until('finished', 'paused')).status).toBe('finished')
  expect(world.isCordoned(host)).toBe(false)
})

test('a host that is no node, and a container manager without credentials, fail the host and not the service', async () => {
  await using world = await NodeSystem.start()
  const host = await world.node()
  await world.gather([host])
  world.cluster.remove('nodes', `/${nodeName(host.address)}`)
  const unknown = await Rolling.start(world.system, { kind: 'restart' })
  expect((await unknown.until('failed', 'finished')).status).toBe('failed')
  expect(await unknown.host(host)).toMatchObject({ state: 'failed', step: 'cordon', code: 'node_unknown' })
  const broken = { server_url: world.server.url, token_path: '/nonexistent/token' }
  const config = { name: 'k8s', type: 'kubernetes', options: broken }
  await world.system.storage.save(ContainerManagerConfig, parseModel(ContainerManagerConfig, config))
  const without = await Rolling.start(world.system, { kind: 'restart' })
  expect((await without.until('failed', 'finished')).reason).toContain('/nonexistent/token')
  expect(reboots(host)).toBe(0)
})
