/** What went wrong in other tools, each by its name, so that it does not go wrong here. */
import assert from 'node:assert/strict'
import { test } from 'vitest'

import { decide, nextStep, Rollout } from '../src/index.ts'
import { calm, members, planOf, work } from './plans.ts'

test('ansible#82267: a wave in which every host fails does not end the run while the threshold allows it', () => {
  const rollout = new Rollout(planOf(6, { ramp: [2], max_unavailable: 4, max_failures: 2 }))
  for (const address of decide(rollout, calm()).begin) work(rollout, address, { failsAt: 'check' })
  assert.equal(rollout.in('failed').size, 2)
  assert.deepEqual(decide(rollout, calm()).begin, ['h3', 'h4'])
})

test('salt#54521: stopping at a failure is honoured', () => {
  const rollout = new Rollout(planOf(3))
  work(rollout, 'h1', { failsAt: 'reboot' })
  const decision = decide(rollout, calm())
  assert.deepEqual(decision.begin, [])
  assert.match(decision.pause ?? '', /1 of 3 hosts failed, and max_failures is 0; h1: it broke/)
})

test('kured#792: a host that is blocked gives its lock back, and does not stop the others for ever', () => {
  const rollout = new Rollout(planOf(3, { max_failures: 1 }))
  work(rollout, 'h1', { failsAt: 'drain' })
  assert.equal(rollout.progress('h1').state, 'failed')
  assert.deepEqual(rollout.progress('h1').done, ['lock', 'check', 'cordon', 'uncordon'])
  assert.deepEqual(decide(rollout, calm()).begin, ['h2'])
})

test('system-upgrade-controller#71: giving up leaves no node cordoned', () => {
  const rollout = new Rollout(planOf(2))
  rollout.applyTo('h1', { type: 'begun', at: 0 })
  for (const step of ['lock', 'check', 'cordon'] as const) {
    rollout.applyTo('h1', { type: 'step_began', step, at: 0 })
    rollout.applyTo('h1', { type: 'step_done', step, at: 0 })
  }
  rollout.apply({ type: 'cancelling', reason: 'by hand', at: 1 })
  const { turnBack } = decide(rollout, calm())
  assert.deepEqual(turnBack, { hosts: ['h1', 'h2'], to: 'untouched' })
  rollout.applyTo('h2', { type: 'turned_back', to: 'untouched', reason: 'by hand', at: 1 })
  rollout.applyTo('h1', { type: 'turned_back', to: 'untouched', reason: 'by hand', at: 1 })
  assert.equal(rollout.nextStep('h1'), 'uncordon')
  work(rollout, 'h1')
  assert.equal(rollout.progress('h1').state, 'untouched')
  assert.equal(decide(rollout, calm()).settle, 'cancelled')
})

test('system-upgrade-controller#256: the next host does not begin the second the last one says Ready', () => {
  const rollout = new Rollout(planOf(2, { pause_between: 60 }))
  work(rollout, 'h1', { at: 10_000 })
  const decision = decide(rollout, calm(10_001))
  assert.deepEqual([decision.begin, decision.lookAgainAt], [[], 70_000])
  assert.deepEqual(decide(rollout, calm(70_000)).begin, ['h2'])
})

test('rancher#25999: after a drain that failed nothing is done to the host', () => {
  const rollout = new Rollout(planOf(1))
  work(rollout, 'h1', { failsAt: 'drain' })
  assert.ok(!rollout.progress('h1').isTouched)
  assert.equal(rollout.progress('h1').reason, 'it broke')
})

test('rancher#36142: slow steps do not let more hosts begin than may', () => {
  const rollout = new Rollout(planOf(9, { max_unavailable: 2 }))
  for (const address of decide(rollout, calm()).begin) rollout.applyTo(address, { type: 'begun', at: 0 })
  for (let hour = 1; hour < 100; hour++) assert.deepEqual(decide(rollout, calm(hour * 3_600_000)).begin, [])
})

test('semaphore#3287: what cannot go on pauses and says why, and is not in process for ever', () => {
  const rollout = new Rollout(planOf(3, { patience: 60 }))
  rollout.apply({ type: 'throttled', max_unavailable: 1, at: 1000 })
  const down = new Set(['h3'])
  const waits = decide(rollout, { now: 2000, down })
  assert.deepEqual([waits.begin, waits.lookAgainAt], [[], 61_000])
  assert.match(decide(rollout, { now: 61_000, down }).pause ?? '', /max_unavailable allows 1 away, and h3 is/)
})

test('machine-config-operator: hosts that a bad change broke use up the allowance', () => {
  const rollout = new Rollout(planOf(10, { max_unavailable: 2, max_failures: 10 }))
  for (const address of decide(rollout, calm()).begin) work(rollout, address, { failsAt: 'return' })
  assert.deepEqual(decide(rollout, calm()).begin, [])
  assert.match(decide(rollout, calm(1e9)).pause ?? '', /h1, h2 are/)
})

test('machine-api-operator#1066: control plane hosts are taken one at a time, after all others', () => {
  const plan = planOf(members(4, { controlPlane: 2 }), { max_unavailable: 4 })
  const rollout = new Rollout(plan)
  assert.deepEqual(decide(rollout, calm()).begin, ['h3', 'h4'])
  for (const address of ['h3', 'h4']) work(rollout, address)
  assert.deepEqual(decide(rollout, calm()).begin, ['h1'])
})

test('awx#8410: a retry goes on from the step that failed', () => {
  const rollout = new Rollout(planOf(1, {}, 'upgrade'))
  work(rollout, 'h1', { failsAt: 'return' })
  rollout.applyTo('h1', { type: 'retried', at: 5 })
  rollout.applyTo('h1', { type: 'begun', at: 5 })
  assert.equal(rollout.nextStep('h1'), 'lock')
  rollout.applyTo('h1', { type: 'step_began', step: 'lock', at: 5 })
  rollout.applyTo('h1', { type: 'step_done', step: 'lock', at: 5 })
  assert.equal(rollout.nextStep('h1'), 'return')
  work(rollout, 'h1')
  assert.equal(rollout.progress('h1').state, 'done')
})

test('uncordoning that fails on the way out is told together with what came before', () => {
  const rollout = new Rollout(planOf(1))
  rollout.applyTo('h1', { type: 'begun', at: 0 })
  for (const step of ['lock', 'check', 'cordon'] as const) {
    rollout.applyTo('h1', { type: 'step_began', step, at: 0 })
    rollout.applyTo('h1', { type: 'step_done', step, at: 0 })
  }
  rollout.applyTo('h1', { type: 'step_began', step: 'drain', at: 0 })
  rollout.applyTo('h1', { type: 'step_failed', step: 'drain', reason: 'budget web', code: 'blocked', at: 0 })
  rollout.applyTo('h1', { type: 'step_began', step: 'uncordon', at: 0 })
  rollout.applyTo('h1', { type: 'step_failed', step: 'uncordon', reason: 'no API server', at: 0 })
  const { reason, code, failedAt } = rollout.progress('h1')
  assert.deepEqual([reason, code, failedAt], ['budget web; then uncordon: no API server', 'blocked', 'drain'])
})

test('an entry that cannot follow is refused and changes nothing', () => {
  const rollout = new Rollout(planOf(1))
  const before = rollout.progress('h1')
  for (const entry of [
    { type: 'step_began', step: 'lock', at: 0 },
    { type: 'step_done', step: 'lock', at: 0 },
    { type: 'retried', at: 0 },
    { type: 'turned_back', to: 'waiting', reason: '', at: 0 },
  ] as const)
    assert.throws(() => rollout.applyTo('h1', entry), { code: 'illegal_entry' })
  assert.throws(() => rollout.applyTo('h9', { type: 'begun', at: 0 }), /h9 is not part of this operation/)
  assert.throws(
    () => rollout.apply({ type: 'paused', at: 0 }),
    /"paused" cannot follow: the operation is in_process/,
  )
  assert.equal(rollout.progress('h1'), before)
  assert.equal(nextStep(before, rollout.plan.steps), undefined)
})
