/** Draining a node, against a double of an API server. That it goes as kubectl does it: `as-kubectl.test.ts`. */
import { AppsV1Api, CoreV1Api, PolicyV1Api } from '@kubernetes/client-node'
import { expect, test } from 'vitest'

import { NodeOperations, type DrainEvent } from '../src/drain/index.ts'
import { kubeConfigOf, ofWeb, quick, untilBlockedOrGone, web, World } from './node-world.ts'

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
