/** The engine on ten thousand hosts. */
import assert from 'node:assert/strict'
import { test } from 'vitest'

import { type Mishap, mishaps, SimulatedFleet, simulate } from '../src/testing.ts'
import { members, planOf } from './plans.ts'

const troubles = (count: number) =>
  new Map(
    Array.from({ length: count }, (_, index): [string, Mishap] => {
      return [`h${1 + index * 50}`, mishaps[index % mishaps.length] ?? 'act_fails']
    }),
  )

test('ten thousand hosts, two in a hundred failing in every way, end as the policy says', () => {
  const zones = ['a', 'b', 'c', 'd']
  const policy = { ramp: ['1%', '5%', '20%'], max_unavailable: '20%', max_failures: '3%' }
  const fleet = new SimulatedFleet(troubles(200))
  const { rollout } = simulate(planOf(members(10_000, { zones }), policy, 'upgrade'), { fleet })
  assert.deepEqual(
    [rollout.status, rollout.in('failed').size, rollout.in('done').size],
    ['failed', 200, 9800],
  )
  assert.ok(fleet.mostAway <= 2000)
})

test('ten thousand hosts of which too many fail stop with most of them untouched', () => {
  const policy = { ramp: ['1%', '5%', '20%'], max_unavailable: '20%', max_failures: '1%' }
  const fleet = new SimulatedFleet(troubles(200))
  const { rollout } = simulate(planOf(10_000, policy, 'upgrade'), { fleet })
  assert.equal(rollout.status, 'paused')
  assert.match(rollout.reason, /^10\d of 10000 hosts failed, and max_failures is 1%/)
  assert.ok(rollout.in('waiting').size > 4000)
})
