import assert from 'node:assert/strict'
import { RolloutPolicy } from '@commissaire/models'
import { test } from 'vitest'

import { amountOf, decide, estimate, inOrder, Rollout } from '../src/index.ts'
import { begunAtMost } from '../src/ramp.ts'
import { calm, members, planOf, type PolicyInput, work } from './plans.ts'

const order = (policy: PolicyInput) =>
  inOrder(members(6, { zones: ['a', 'b', 'c'], controlPlane: 1 }), RolloutPolicy.parse(policy)).map(
    ({ address }) => address,
  )

test('neighbours are in different zones, and the control plane is last', () => {
  assert.deepEqual(order({}), ['h2', 'h3', 'h4', 'h5', 'h6', 'h1'])
})

test('one zone after another', () => {
  assert.deepEqual(order({ order: 'zone_by_zone', control_plane: 'any' }), [
    'h1',
    'h4',
    'h2',
    'h5',
    'h3',
    'h6',
  ])
})

test('only the zones that are asked for, in that order', () => {
  assert.deepEqual(order({ order: 'zone_by_zone', zones: ['c', 'a'], control_plane: 'any' }), [
    'h3',
    'h6',
    'h1',
    'h4',
  ])
})

test('a part is rounded down, but something stays something', () => {
  assert.deepEqual(
    ['20%', '1%', '0%', '100%', 3].map((amount) => amountOf(amount, 14)),
    [2, 1, 0, 14, 3],
  )
})

test('waves grow as the ramp says, and the last size holds on', () => {
  const begun = [0, 1, 5, 6, 25, 26, 46, 99].map((ended) => begunAtMost([1, 5, '20%'], { ended, total: 100 }))
  assert.deepEqual(begun, [1, 6, 6, 26, 26, 46, 66, 106])
})

test('the next wave waits until the last host of this one has ended', () => {
  const rollout = new Rollout(planOf(10, { ramp: [1, 3, 6] }))
  assert.deepEqual(decide(rollout, calm()).begin, ['h1'])
  work(rollout, 'h1')
  assert.deepEqual(decide(rollout, calm()).begin, ['h2', 'h3', 'h4'])
  for (const address of ['h2', 'h3', 'h4']) rollout.applyTo(address, { type: 'begun', at: 0 })
  work(rollout, 'h2')
  work(rollout, 'h3')
  assert.deepEqual(decide(rollout, calm()).begin, [])
  work(rollout, 'h4')
  assert.equal(decide(rollout, calm()).begin.length, 6)
})

test('the allowance may be changed on the run', () => {
  const rollout = new Rollout(planOf(10))
  rollout.apply({ type: 'throttled', max_unavailable: '40%', at: 0 })
  assert.equal(decide(rollout, calm()).begin.length, 4)
})

test('who resumes has seen the failures, and only new ones count', () => {
  const rollout = new Rollout(planOf(5, { max_unavailable: 3 }))
  work(rollout, 'h1', { failsAt: 'check', at: 1 })
  rollout.apply({ type: 'pausing', reason: decide(rollout, calm()).pause ?? '', at: 2 })
  rollout.apply({ type: 'paused', at: 3 })
  rollout.apply({ type: 'resumed', at: 4 })
  assert.deepEqual(decide(rollout, calm()).begin, ['h2', 'h3', 'h4'])
  work(rollout, 'h2', { failsAt: 'check', at: 5 })
  assert.match(decide(rollout, calm()).pause ?? '', /^1 of 5 hosts failed/)
})

test('hosts that are down are left out when only they are left', () => {
  const rollout = new Rollout(planOf(3, { max_unavailable: 2 }))
  const situation = { now: 0, down: new Set(['h1', 'elsewhere']) }
  assert.deepEqual(decide(rollout, situation).begin, ['h2'])
  work(rollout, 'h2')
  work(rollout, 'h3')
  assert.deepEqual(decide(rollout, situation).skip?.hosts, ['h1'])
  rollout.applyTo('h1', { type: 'skipped', reason: 'it was down', code: 'absent', at: 0 })
  assert.equal(decide(rollout, situation).settle, 'failed')
})

test('an estimate is the worst of the last turns of the host, or what nine of ten took', () => {
  assert.equal(estimate({ own: [900, 1, 5, 3], all: [70] }), 5)
  assert.equal(estimate({ own: [], all: Array.from({ length: 100 }, (_, index) => index) }), 90)
  assert.equal(estimate({ own: [], all: [] }), undefined)
})
