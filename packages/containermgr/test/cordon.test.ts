/** Cordons that know who made them. */
import { expect, test } from 'vitest'

import { CORDONED_BY } from '../src/drain/index.ts'
import { World } from './node-world.ts'

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
