/** What holds for every fleet, whatever fails and whenever the driver dies. */
import assert from 'node:assert/strict'
import type { OperationKindName } from '@commissaire/models'
import * as fc from 'fast-check'
import { test } from 'vitest'

import { allowance, decide, type HostEntry, type OperationEntry, Rollout } from '../src/index.ts'
import { ends, type Mishap, mishaps, SimulatedFleet, simulate } from '../src/testing.ts'
import { members, planOf, type PolicyInput } from './plans.ts'

const amount = fc.oneof(
  fc.integer({ min: 1, max: 6 }),
  fc.integer({ min: 1, max: 100 }).map((part) => `${part}%`),
)

const policy: fc.Arbitrary<PolicyInput> = fc.record(
  {
    max_unavailable: amount,
    ramp: fc.array(amount, { maxLength: 3 }),
    max_failures: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('0%', '10%', '50%', '100%')),
    pause_between: fc.constantFrom(0, 3, 30),
    patience: fc.constantFrom(0, 60),
    order: fc.constantFrom('spread', 'zone_by_zone', 'given'),
    control_plane: fc.constantFrom('last', 'any'),
  },
  { requiredKeys: [] },
)

const world = fc.record({
  count: fc.integer({ min: 1, max: 30 }),
  zones: fc.integer({ min: 1, max: 4 }),
  controlPlane: fc.integer({ min: 0, max: 3 }),
  policy,
  kind: fc.constantFrom<OperationKindName>('upgrade', 'restart', 'deploy'),
  troubles: fc.dictionary(
    fc.integer({ min: 1, max: 30 }).map((n) => `h${n}`),
    fc.constantFrom<Mishap>(...mishaps),
    {
      maxKeys: 8,
    },
  ),
  deaths: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 }),
  speed: fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 7 }),
})

type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never

function run(given: World, person?: Parameters<typeof simulate>[1]['person']) {
  const zones = Array.from({ length: given.zones }, (_, index) => `z${index}`)
  const plan = planOf(
    members(given.count, { zones, controlPlane: given.controlPlane }),
    given.policy,
    given.kind,
  )
  const fleet = new SimulatedFleet(new Map(Object.entries(given.troubles)))
  const entries: { address: string | undefined; entry: HostEntry | OperationEntry }[] = []
  const deaths = [...given.deaths]
  let countdown = deaths.shift() ?? Infinity
  const dies = () => {
    countdown--
    if (countdown > 0) return false
    countdown = deaths.shift() ?? Infinity
    return true
  }
  let turn = 0
  const stepTime = () => given.speed[turn++ % given.speed.length] ?? 1
  const onEntry = (address: string | undefined, entry: HostEntry | OperationEntry) =>
    entries.push({ address, entry })
  const simulation = simulate(plan, { fleet, dies, stepTime, onEntry, ...(person && { person }) })
  return { plan, fleet, entries, ...simulation }
}

const check = (property: (given: World) => void) => fc.assert(fc.property(world, property), { numRuns: 400 })

test('never are more hosts away than the budget allows', () => {
  check((given) => {
    const { plan, fleet } = run(given)
    const most = allowance({ plan, throttle: undefined })
    assert.ok(fleet.mostAway <= most, `${fleet.mostAway} were away, and ${most} may be`)
  })
})

test('no host is rebooted twice, however often the driver dies', () => {
  check((given) => {
    const { fleet } = run(given)
    for (const [address, boots] of fleet.boots)
      assert.ok(boots <= 1, `${address} was rebooted ${boots} times`)
  })
})

test('no step that was done is begun again', () => {
  check((given) => {
    const done = new Set<string>()
    for (const { address, entry } of run(given).entries) {
      if (address === undefined || !('step' in entry)) continue
      const step = `${address} ${entry.step}`
      if (entry.type === 'step_began') assert.ok(!done.has(step), `${step} was begun again`)
      if (entry.type === 'step_done') done.add(step)
    }
  })
})

test('an operation that is over has every host in exactly one end state', () => {
  check((given) => {
    const { rollout } = run({
      ...given,
      policy: { ...given.policy, max_failures: '100%', max_unavailable: 60 },
    })
    assert.ok(['finished', 'failed'].includes(rollout.status), rollout.status)
    for (const [address, end] of ends(rollout)) assert.doesNotMatch(end, /not ended/, address)
  })
})

test('every host without a mishap is done and uncordoned when the operation is over', () => {
  check((given) => {
    const { rollout, fleet } = run({
      ...given,
      policy: { ...given.policy, max_failures: '100%', max_unavailable: 60 },
    })
    for (const [address, end] of ends(rollout)) {
      if (fleet.mishaps.has(address)) continue
      assert.equal(end, 'done', address)
      assert.ok(!fleet.cordoned.has(address), `${address} is still cordoned`)
    }
  })
})

test('an operation pauses when more hosts failed than it may, and not before', () => {
  check((given) => {
    const { rollout, plan } = run(given)
    const { failed, waiting } = { failed: rollout.in('failed').size, waiting: rollout.in('waiting').size }
    if (rollout.status === 'paused') assert.ok(failed > 0 && waiting > 0)
    else assert.equal(waiting, 0, `${rollout.status} with ${waiting} of ${plan.members.length} waiting`)
  })
})

test('a paused operation moves nothing, and holds nothing', () => {
  check((given) => {
    const { rollout, fleet, entries } = run(given)
    if (rollout.status !== 'paused') return
    assert.equal(rollout.in('working').size, 0)
    assert.deepEqual(decide(rollout, { now: 1e12, down: new Set() }), { begin: [] })
    const last = entries.at(-1)
    assert.deepEqual([last?.address, last?.entry.type], [undefined, 'paused'])
    for (const address of rollout.in('waiting'))
      assert.ok(!fleet.cordoned.has(address), `${address} is cordoned`)
  })
})

test('cancelling leaves every host untouched, or through to its end', () => {
  fc.assert(
    fc.property(world, fc.integer({ min: 0, max: 40_000 }), (given, cancelAt) => {
      const { rollout, fleet } = run(given, (operation, now) => {
        const isOpen = ['in_process', 'pausing', 'paused'].includes(operation.status)
        return isOpen && (now >= cancelAt || operation.status === 'paused')
          ? { type: 'cancelling', at: now, reason: 'by hand' }
          : undefined
      })
      for (const [address, end] of ends(rollout)) {
        if (rollout.status === 'cancelled') assert.doesNotMatch(end, /not ended/, address)
        if (fleet.mishaps.has(address)) continue
        const boots = fleet.boot(address)
        if (end === 'done') assert.equal(boots, 1, address)
        else assert.deepEqual([boots, fleet.cordoned.has(address)], [0, false], `${address}: ${end}`)
      }
    }),
    { numRuns: 400 },
  )
})

test('whoever reads the journal knows all that its writer knew', () => {
  check((given) => {
    const { rollout, journal, plan } = run(given)
    const reader = new Rollout(plan, journal)
    for (const { address } of plan.members)
      assert.deepEqual(reader.progress(address), rollout.progress(address))
    const asked = { now: 1e12, down: new Set<string>() }
    assert.deepEqual([reader.status, decide(reader, asked)], [rollout.status, decide(rollout, asked)])
  })
})

test('of the control plane one host at a time is away, and only when all others have ended', () => {
  check((given) => {
    if (given.policy.control_plane === 'any') return
    const { plan, entries } = run(given)
    const controls = new Set(
      plan.members.filter((member) => member.isControlPlane).map(({ address }) => address),
    )
    const working = new Set<string>()
    for (const { address, entry } of entries) {
      if (address === undefined) continue
      if (entry.type === 'begun') {
        working.add(address)
        if (controls.has(address)) assert.deepEqual([...working], [address])
      }
      const isLast =
        entry.type === 'step_failed' || (entry.type === 'step_done' && entry.step === 'workloads')
      if (isLast || entry.type === 'turned_back') working.delete(address)
    }
  })
})
