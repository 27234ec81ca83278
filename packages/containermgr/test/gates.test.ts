/** What is asked of nodes and workloads after an operation. */
import { expect, test } from 'vitest'

import { quick, web, World } from './node-world.ts'

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
