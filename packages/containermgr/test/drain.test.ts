/** Cordon, plan, drain and gates, against a double of an API server. That a drain does as kubectl: `as-kubectl.test.ts`. */
import { AppsV1Api, CoreV1Api, KubeConfig, PolicyV1Api } from '@kubernetes/client-node'
import { expect, test } from 'vitest'

import { CORDONED_BY, type DrainEvent, NodeOperations } from '../src/drain/index.ts'
import { ApiServerDouble } from '../src/testing/index.ts'

const quick = { retryDelay: 20, pollInterval: 20 }

class World implements AsyncDisposable {
  readonly server: ApiServerDouble
  readonly nodes: NodeOperations

  constructor(server: ApiServerDouble) {
    this.server = server
    this.nodes = NodeOperations.of(kubeConfigOf(server))
  }

  static async open(): Promise<World> {
    const world = new World(await ApiServerDouble.start())
    world.cluster.addNode('n1', { bootID: 'boot-1' })
    return world
  }

  get cluster() {
    return this.server.cluster
  }

  get writes(): string[] {
    return this.server.requests.filter((line) => !line.startsWith('GET'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nodes.close()
    await this.server[Symbol.asyncDispose]()
  }
}

function kubeConfigOf({ url: server }: ApiServerDouble): KubeConfig {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u' })
  return kubeConfig
}

const web = { node: 'n1', labels: { app: 'web' } }
const ofWeb = { matchLabels: { app: 'web' } }

/** Drains until it is told that a pod is blocked or gone, and then gives up. */
async function untilBlockedOrGone({ nodes }: World): Promise<DrainEvent> {
  const { promise, resolve } = Promise.withResolvers<DrainEvent>()
  const controller = new AbortController()
  const onProgress = (event: DrainEvent) => {
    if (event.type === 'blocked' || event.type === 'gone') resolve(event)
  }
  const drained = nodes.drain('n1', { ...quick, onProgress, signal: controller.signal })
  const event = await Promise.race([promise, drained.then(() => promise)])
  controller.abort()
  await drained.catch(() => undefined)
  return event
}

test('a cordon says who made it, and is taken back by the same', async () => {
  await using world = await World.open()
  const made = await world.nodes.cordon('n1', { by: 'upgrade-7' })
  expect(made).toEqual({ changed: true, unschedulable: true, by: 'upgrade-7' })
  expect(world.server.nodes.get('n1')?.metadata.annotations).toEqual({ [CORDONED_BY]: 'upgrade-7' })
  expect(await world.nodes.cordon('n1', { by: 'upgrade-7' })).toMatchObject({
    changed: false,
    by: 'upgrade-7',
  })
  const back = await world.nodes.uncordon('n1', { by: 'upgrade-7' })
  expect(back).toEqual({ changed: true, unschedulable: false, by: undefined })
  expect(world.server.nodes.get('n1')).toMatchObject({ metadata: { annotations: {} }, spec: {} })
})

test('what a person cordoned stays cordoned', async () => {
  await using world = await World.open()
  world.cluster.addNode('n1', { unschedulable: true })
  expect(await world.nodes.cordon('n1')).toEqual({ changed: false, unschedulable: true, by: undefined })
  expect(await world.nodes.uncordon('n1')).toEqual({ changed: false, unschedulable: true, by: undefined })
  expect(world.writes).toEqual([])
})

test('what another operation cordoned stays cordoned', async () => {
  await using world = await World.open()
  await world.nodes.cordon('n1', { by: 'upgrade-7' })
  expect(await world.nodes.cordon('n1', { by: 'upgrade-8' })).toMatchObject({
    changed: false,
    by: 'upgrade-7',
  })
  expect(await world.nodes.uncordon('n1', { by: 'upgrade-8' })).toMatchObject({ unschedulable: true })
})

test('somebody who cordons at the same moment is not overwritten', async () => {
  await using world = await World.open()
  world.server.intercept = ({ method }) => {
    if (method === 'PATCH') world.cluster.addNode('n1', { unschedulable: true })
    return undefined
  }
  expect(await world.nodes.cordon('n1')).toEqual({ changed: false, unschedulable: true, by: undefined })
})

test('a node that is not there is told', async () => {
  await using world = await World.open()
  await expect(world.nodes.cordon('n9')).rejects.toMatchObject({ code: 'node_unknown', node: 'n9' })
})

test('a plan tells of every pod what becomes of it and why, and touches nothing', async () => {
  await using world = await World.open()
  const { cluster } = world
  cluster.addPod('web-1', web)
  cluster.addPod('agent-1', { node: 'n1', owner: 'DaemonSet/agent' })
  cluster.addPod('static-n1', { node: 'n1', mirror: true })
  cluster.addPod('scratch-1', { node: 'n1', emptyDir: true })
  cluster.addPod('lonely', { node: 'n1', owner: null })
  cluster.addPod('done', { node: 'n1', owner: null, phase: 'Succeeded' })
  const plan = await world.nodes.drainPlan('n1', { ignoreDaemonSets: true })
  expect(plan.pods.map(({ name, verdict, reason }) => [name, verdict, reason])).toEqual([
    ['web-1', 'evict', 'managed'],
    ['agent-1', 'skip', 'daemon_set'],
    ['static-n1', 'skip', 'mirror'],
    ['scratch-1', 'refuse', 'empty_dir'],
    ['lonely', 'refuse', 'unmanaged'],
    ['done', 'evict', 'finished'],
  ])
  expect(plan).toMatchObject({ allowed: false, blocked: false })
  expect(plan.pods[0]).toMatchObject({ owner: { kind: 'ReplicaSet', name: 'web' } })
  expect(world.writes).toEqual([])
})

test('a plan predicts which budgets block', async () => {
  await using world = await World.open()
  const { cluster } = world
  for (const name of ['free', 'turns', 'blocked', 'stuck']) {
    for (const copy of [1, 2]) cluster.addPod(`${name}-${copy}`, { node: 'n1', labels: { app: name } })
  }
  const budget = (app: string) => ({ matchLabels: { app } })
  cluster.addBudget('free', {
    ...budget('free'),
    disruptionsAllowed: 2,
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  })
  cluster.addBudget('turns', { ...budget('turns'), disruptionsAllowed: 1 })
  cluster.addBudget('blocked', {
    ...budget('blocked'),
    disruptionsAllowed: 0,
    desiredHealthy: 2,
    expectedPods: 3,
  })
  cluster.addBudget('stuck', {
    ...budget('stuck'),
    disruptionsAllowed: 0,
    desiredHealthy: 2,
    expectedPods: 2,
  })
  cluster.addBudget('elsewhere', { ...budget('elsewhere'), disruptionsAllowed: 0 })
  const plan = await world.nodes.drainPlan('n1')
  expect(plan.budgets.map(({ name, outlook, holdsUnhealthy }) => [name, outlook, holdsUnhealthy])).toEqual([
    ['free', 'free', false],
    ['turns', 'in_turns', true],
    ['blocked', 'blocked', true],
    ['stuck', 'stuck', true],
  ])
  expect(plan).toMatchObject({ allowed: true, blocked: true })
  expect(plan.pods.find(({ name }) => name === 'stuck-1')).toMatchObject({ blockedBy: 'stuck' })
  expect(plan.warnings).toEqual([
    expect.stringMatching(/default\/stuck never has room/),
    ...['turns', 'blocked', 'stuck'].map((name) =>
      expect.stringMatching(`${name} has no "unhealthyPod.*AlwaysAllow"`),
    ),
  ])
})

test('what the plan says of unhealthy pods is what the server then does', async () => {
  for (const [policy, blocked] of [
    ['AlwaysAllow', false],
    ['IfHealthyBudget', true],
  ] as const) {
    await using world = await World.open()
    world.cluster.addPod('web-1', { ...web, ready: false })
    world.cluster.addBudget('web', {
      ...ofWeb,
      disruptionsAllowed: 0,
      currentHealthy: 0,
      desiredHealthy: 1,
      unhealthyPodEvictionPolicy: policy,
    })
    expect((await world.nodes.drainPlan('n1')).blocked).toBe(blocked)
    await world.nodes.cordon('n1')
    const heard = await untilBlockedOrGone(world)
    expect(heard).toMatchObject(blocked ? { type: 'blocked', budget: 'web' } : { type: 'gone' })
  }
})

test('a plan of many pods reads them page by page', async () => {
  await using world = await World.open()
  for (let i = 0; i < 1001; i++) world.cluster.addPod(`web-${i}`, { ...web, phase: 'Succeeded' })
  expect((await world.nodes.drainPlan('n1')).pods).toHaveLength(1001)
  expect(world.server.requests.filter((line) => line.includes('/pods?'))).toHaveLength(3)
})

test('a node that still takes pods is not drained', async () => {
  await using world = await World.open()
  await expect(world.nodes.drain('n1')).rejects.toMatchObject({ code: 'not_cordoned' })
})

test('where one pod may not go, none goes', async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  world.cluster.addPod('lonely', { node: 'n1', owner: null })
  await world.nodes.cordon('n1')
  await expect(world.nodes.drain('n1')).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringMatching(/default\/lonely: no controller .* force allows that/),
    pods: [{ namespace: 'default', name: 'lonely', reason: 'unmanaged' }],
  })
  expect(world.cluster.list('pods')).toHaveLength(2)
})

test('a drain tells what it evicted and what to wait for', async () => {
  await using world = await World.open()
  for (const copy of [1, 2]) world.cluster.addPod(`web-${copy}`, web)
  world.cluster.addPod('db-0', { node: 'n1', owner: 'StatefulSet/db' })
  world.cluster.addPod('agent-1', { node: 'n1', owner: 'DaemonSet/agent' })
  await world.nodes.cordon('n1')
  const result = await world.nodes.drain('n1', { ...quick, ignoreDaemonSets: true })
  expect(result.evicted.map(({ name }) => name)).toEqual(['web-1', 'web-2', 'db-0'])
  expect(result.skipped).toMatchObject([{ name: 'agent-1', reason: 'daemon_set' }])
  expect(result.workloads).toEqual([
    { kind: 'ReplicaSet', namespace: 'default', name: 'web' },
    { kind: 'StatefulSet', namespace: 'default', name: 'db' },
  ])
})

test('a budget that blocks is named, and the pod goes when there is room', async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  world.cluster.addBudget('web', { ...ofWeb, disruptionsAllowed: 0 })
  await world.nodes.cordon('n1')
  const events: DrainEvent[] = []
  const onProgress = (event: DrainEvent) => {
    if (event.type === 'blocked') world.cluster.addBudget('web', { ...ofWeb, disruptionsAllowed: 1 })
    events.push(event)
  }
  await world.nodes.drain('n1', { ...quick, onProgress })
  expect(events.map(({ type }) => type)).toEqual(['evicting', 'blocked', 'evicting', 'waiting', 'gone'])
  expect(events[1]).toMatchObject({
    name: 'web-1',
    budget: 'web',
    message: expect.stringMatching(/needs 1 healthy/),
  })
})

test('a budget that the server does not name is found', async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  world.cluster.addBudget('web', { ...ofWeb, disruptionsAllowed: 0 })
  const terse = { kind: 'Status', code: 429, message: 'Cannot evict pod' }
  world.server.intercept = ({ path }) => (path.endsWith('/eviction') ? [429, terse] : undefined)
  await world.nodes.cordon('n1')
  expect(await untilBlockedOrGone(world)).toMatchObject({
    type: 'blocked',
    name: 'web-1',
    budget: 'web',
    message: 'Cannot evict pod',
  })
})

test('another pod of the same name is not taken for the one that went', async () => {
  await using world = await World.open()
  world.cluster.addPod('db-0', { node: 'n1', owner: 'StatefulSet/db', labels: { app: 'db' } })
  world.cluster.addNode('n2')
  world.cluster.onRemoved = () => {
    world.cluster.addPod('db-0', { node: 'n2', owner: 'StatefulSet/db', labels: { app: 'db' } })
  }
  await world.nodes.cordon('n1')
  await world.nodes.drain('n1', quick)
  expect(world.cluster.list('pods')).toMatchObject([{ spec: { nodeName: 'n2' } }])
})

test('a pod that was replaced while a budget blocked is left alone in its new place', async () => {
  await using world = await World.open()
  const db = { owner: 'StatefulSet/db', labels: { app: 'web' } } as const
  world.cluster.addPod('db-0', { node: 'n1', ...db })
  world.cluster.addBudget('web', { ...ofWeb, disruptionsAllowed: 0 })
  await world.nodes.cordon('n1')
  const onProgress = ({ type }: DrainEvent) => {
    if (type !== 'blocked') return
    world.cluster.remove('pods', 'default/db-0')
    world.cluster.addPod('db-0', { node: 'n2', ...db })
  }
  await world.nodes.drain('n1', { ...quick, onProgress })
  expect(world.cluster.list('pods')).toMatchObject([{ spec: { nodeName: 'n2' } }])
  expect(world.writes.filter((line) => line.includes('/eviction'))).toHaveLength(1)
})

test('a pod that takes its time is waited for', async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  world.cluster.lingering.add('default/web-1')
  await world.nodes.cordon('n1')
  const drained = world.nodes.drain('n1', quick)
  await expect.poll(() => world.cluster.get('pods', 'default/web-1')?.metadata.deletionTimestamp).toBeTruthy()
  world.cluster.finish('default/web-1')
  expect((await drained).evicted).toHaveLength(1)
})

test('time that ran out is told with the pods that are left, and counts from when the drain first began', async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  world.cluster.lingering.add('default/web-1')
  await world.nodes.cordon('n1')
  const startedAt = new Date(Date.now() - 3_600_000)
  await expect(world.nodes.drain('n1', { ...quick, timeout: 3602, startedAt })).rejects.toMatchObject({
    code: 'timeout',
    pods: [{ name: 'web-1', message: expect.stringMatching(/told to go and is still there/) }],
  })
})

test('a caller can give up', async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  world.cluster.lingering.add('default/web-1')
  await world.nodes.cordon('n1')
  const controller = new AbortController()
  const drained = world.nodes.drain('n1', { ...quick, signal: controller.signal })
  await expect.poll(() => world.writes.length).toBe(2)
  controller.abort(new Error('the operation was cancelled'))
  await expect(drained).rejects.toThrow('the operation was cancelled')
})

test('a pod that the server refuses to evict for good does not keep the others', async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  world.cluster.addPod('db-1', { node: 'n1', labels: { app: 'db' } })
  for (const name of ['one', 'two']) world.cluster.addBudget(name, ofWeb)
  await world.nodes.cordon('n1')
  await expect(world.nodes.drain('n1', quick)).rejects.toMatchObject({
    code: 'failed',
    pods: [{ name: 'web-1', message: expect.stringMatching(/more than one PodDisruptionBudget/) }],
  })
  expect(world.cluster.list('pods').map(({ metadata }) => metadata.name)).toEqual(['web-1'])
})

test('pods of a namespace that is being deleted are waited for', async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  const causes = [{ reason: 'NamespaceTerminating', message: 'namespace default is being terminated' }]
  let asked = 0
  world.server.intercept = ({ path }) => {
    if (!path.endsWith('/eviction')) return undefined
    if (++asked === 2) world.cluster.remove('pods', 'default/web-1')
    return asked > 1
      ? undefined
      : [403, { kind: 'Status', code: 403, message: 'forbidden', details: { causes } }]
  }
  await world.nodes.cordon('n1')
  expect((await world.nodes.drain('n1', quick)).evicted).toHaveLength(1)
})

test('an interrupted drain is simply begun again', async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  world.cluster.addPod('web-2', web)
  await world.nodes.cordon('n1')
  world.cluster.remove('pods', 'default/web-1')
  expect((await world.nodes.drain('n1', quick)).evicted.map(({ name }) => name)).toEqual(['web-2'])
})

test("somebody's own APIs of the official client do as well", async () => {
  await using world = await World.open()
  world.cluster.addPod('web-1', web)
  const kubeConfig = kubeConfigOf(world.server)
  const nodes = NodeOperations.of({
    core: kubeConfig.makeApiClient(CoreV1Api),
    policy: kubeConfig.makeApiClient(PolicyV1Api),
    apps: kubeConfig.makeApiClient(AppsV1Api),
  })
  await nodes.cordon('n1')
  expect((await nodes.drain('n1', quick)).evicted).toHaveLength(1)
  expect((await nodes.uncordon('n1')).changed).toBe(true)
})

test('a drain keeps few connections', async () => {
  await using world = await World.open()
  for (let i = 0; i < 20; i++) world.cluster.addPod(`web-${i}`, web)
  await world.nodes.cordon('n1')
  const before = world.server.connections
  await world.nodes.drain('n1', quick)
  expect(world.server.connections - before).toBeLessThan(30)
})

test('workloads are available again when as many pods are ready as are wanted', async () => {
  await using world = await World.open()
  const { cluster, nodes } = world
  cluster.addPod('web-1', web)
  cluster.addPod('db-0', { node: 'n1', owner: 'StatefulSet/db' })
  await nodes.cordon('n1')
  const { workloads } = await nodes.drain('n1', quick)
  cluster.setReplicas('replicasets', 'default/web', { wanted: 3, ready: 2 })
  expect(await nodes.workloadsAvailable(workloads)).toEqual({
    available: false,
    waiting: [{ kind: 'ReplicaSet', namespace: 'default', name: 'web', wanted: 3, ready: 2 }],
  })
  cluster.setReplicas('replicasets', 'default/web', { wanted: 3, ready: 3 })
  cluster.remove('statefulsets', 'default/db')
  expect(await nodes.workloadsAvailable(workloads)).toEqual({ available: true, waiting: [] })
})

test('a ReplicaSet of a Deployment is asked for through the Deployment', async () => {
  await using world = await World.open()
  const metadata = { name: 'web', namespace: 'default' }
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u', controller: true }
  const old = { ...metadata, name: 'web-old', ownerReferences: [owner] }
  world.cluster.put('replicasets', { metadata: old, spec: { replicas: 0 }, status: {} })
  world.cluster.put('deployments', { metadata, spec: { replicas: 2 }, status: { readyReplicas: 1 } })
  const workloads = [{ kind: 'ReplicaSet', namespace: 'default', name: 'web-old' }]
  expect(await world.nodes.workloadsAvailable(workloads)).toMatchObject({
    available: false,
    waiting: [{ kind: 'Deployment', name: 'web', ready: 1, wanted: 2 }],
  })
})

test('a node says how it is', async () => {
  await using world = await World.open()
  await world.nodes.cordon('n1', { by: 'upgrade-7' })
  expect(await world.nodes.nodeState('n1')).toMatchObject({
    name: 'n1',
    ready: 'True',
    bootID: 'boot-1',
    kernelVersion: '6.1.0',
    unschedulable: true,
    cordonedBy: 'upgrade-7',
    conditions: { DiskPressure: { status: 'False' } },
  })
  expect(await world.nodes.nodeReady('n1')).toBe(true)
})

test('the gate tells everything that is in the way', async () => {
  await using world = await World.open()
  const { cluster, nodes } = world
  cluster.addPod('agent-1', { node: 'n1', owner: 'DaemonSet/agent', ready: false })
  cluster.addNode('n1', {
    ready: 'Unknown',
    pressure: ['DiskPressure', 'NetworkUnavailable'],
    bootID: 'boot-1',
  })
  expect((await nodes.nodeGate('n1', { bootID: 'boot-2' })).reasons).toEqual([
    expect.stringMatching(/^it is not Ready \(Unknown\)/),
    expect.stringMatching(/^DiskPressure/),
    expect.stringMatching(/^NetworkUnavailable/),
    'its kubelet reports boot id boot-1, the host boot-2',
    'DaemonSet pod default/agent-1 is not ready',
  ])
  cluster.addNode('n1', { bootID: 'boot-2' })
  cluster.addPod('agent-1', { node: 'n1', owner: 'DaemonSet/agent' })
  expect(await nodes.nodeGate('n1', { bootID: 'boot-2' })).toEqual({ passed: true, reasons: [] })
})
