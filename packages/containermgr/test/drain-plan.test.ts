/** What a drain would do, told beforehand. */
import { expect, test } from 'vitest'

import { ofWeb, untilBlockedOrGone, web, World } from './node-world.ts'

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
