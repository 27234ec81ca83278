import assert from 'node:assert/strict'
import { MaintenanceWindow } from '@commissaire/models'
import { test } from 'vitest'

import { decide, faultsOf, forecast, nextOpening, openUntil, Rollout } from '../src/index.ts'
import { members, planOf, type PolicyInput } from './plans.ts'

const at = (text: string) => Date.parse(text)
const night = [{ start: '0 22 * * 1-5', minutes: 240, timezone: 'Europe/Berlin' }]
const calendar = (policy: PolicyInput) => planOf(1, policy).policy

test('without windows it is always open', () => {
  assert.equal(openUntil(calendar({}), 0), Infinity)
})

test('a window opens and closes by the clock of its time zone', () => {
  const policy = calendar({ windows: night })
  assert.equal(openUntil(policy, at('2026-11-24T20:59:59Z')), undefined)
  assert.equal(openUntil(policy, at('2026-11-24T21:00:00Z')), at('2026-11-25T01:00:00Z'))
  assert.equal(openUntil(policy, at('2026-11-25T00:59:59Z')), at('2026-11-25T01:00:00Z'))
  assert.equal(openUntil(policy, at('2026-11-25T01:00:00Z')), undefined)
})

test('a window keeps its hour when the clocks change', () => {
  const policy = calendar({ windows: [{ start: '0 22 * * *', minutes: 60, timezone: 'Europe/Berlin' }] })
  assert.equal(nextOpening(policy, at('2026-10-24T12:00:00Z')), at('2026-10-24T20:00:00Z'))
  assert.equal(nextOpening(policy, at('2026-10-25T12:00:00Z')), at('2026-10-25T21:00:00Z'))
})

test('on Saturday the next opening is on Monday', () => {
  assert.equal(
    nextOpening(calendar({ windows: night }), at('2026-11-28T12:00:00Z')),
    at('2026-11-30T21:00:00Z'),
  )
})

test('a blackout covers its last day whole, in its time zone', () => {
  const policy = calendar({
    blackouts: [{ from: '2026-12-24', until: '2026-12-26', timezone: 'Europe/Berlin' }],
  })
  assert.equal(openUntil(policy, at('2026-12-23T22:59:00Z')), at('2026-12-23T23:00:00Z'))
  assert.equal(openUntil(policy, at('2026-12-26T22:59:00Z')), undefined)
  assert.equal(openUntil(policy, at('2026-12-26T23:00:00Z')), Infinity)
  assert.equal(nextOpening(policy, at('2026-12-25T00:00:00Z')), at('2026-12-26T23:00:00Z'))
})

test('a host whose work would cross the end of the window is not begun, and the next window is told', () => {
  const rollout = new Rollout(planOf(2, { windows: night }))
  const asked = { down: new Set<string>(), estimate: () => 3_600_000 }
  assert.deepEqual(decide(rollout, { ...asked, now: at('2026-11-24T23:59:00Z') }).begin, ['h1'])
  const late = decide(rollout, { ...asked, now: at('2026-11-25T00:30:00Z') })
  assert.deepEqual([late.begin, late.lookAgainAt], [[], at('2026-11-25T21:00:00Z')])
  assert.match(late.waiting ?? '', /no host would be done before the window closes at 2026-11-25T01:00/)
})

test('where no window is long enough for any host, it pauses and does not wait for ever', () => {
  const rollout = new Rollout(planOf(2, { windows: night }))
  const asked = { down: new Set<string>(), now: at('2026-11-24T22:00:00Z') }
  const { begin, pause } = decide(rollout, { ...asked, estimate: () => 5 * 3_600_000 })
  assert.deepEqual([begin, pause], [[], 'no window is long enough: a host takes 300 minutes'])
})

test('a forecast carries what does not fit to the next window', () => {
  const plan = planOf(6, { windows: night })
  const now = at('2026-11-24T12:00:00Z')
  const { turns, endsAt } = forecast(plan, { now, down: new Set(), estimate: () => 3_600_000 })
  assert.equal(turns[3]?.ends, at('2026-11-25T01:00:00Z'))
  assert.equal(turns[4]?.begins, at('2026-11-25T21:00:00Z'))
  assert.equal(endsAt, at('2026-11-25T23:00:00Z'))
})

test('a forecast ends also where no window is ever long enough, and says so', () => {
  const plan = planOf(2, { windows: [{ start: '0 22 * * *', minutes: 5 }] })
  const { turns, endsAt, stops } = forecast(plan, { now: 0, down: new Set(), estimate: () => 3_600_000 })
  assert.deepEqual([turns, endsAt], [[], undefined])
  assert.match(stops ?? '', /^no window is long enough/)
})

test('a forecast begins hosts of which nothing is known whenever a window is open, as the operation does', () => {
  const plan = planOf(1, { windows: [{ start: '0 22 * * *', minutes: 5 }] })
  const unknown = { known: () => undefined, estimate: () => 3_600_000 }
  const { turns, stops } = forecast(plan, { now: 0, down: new Set(), ...unknown })
  assert.equal(stops, undefined)
  assert.deepEqual(turns, [
    { address: 'h1', begins: at('1970-01-01T22:00:00Z'), ends: at('1970-01-01T23:00:00Z') },
  ])
})

const impossible: [string, PolicyInput, RegExp][] = [
  ['0 hosts at a time', { max_unavailable: 0 }, /^max_unavailable: allows 0 hosts at a time/],
  ['0 % of the hosts at a time', { max_unavailable: '0%' }, /^max_unavailable: allows 0 hosts/],
  ['a wave of no host', { ramp: [1, 0] }, /^ramp\[1\]: allows 0 hosts/],
  ['an unknown zone', { zones: ['a', 'q'] }, /^zones\[1\]: no host is in zone "q"; the zones are "a", "b"$/],
  [
    'a window that never opens',
    { windows: [{ start: '0 0 30 2 *', minutes: 5 }] },
    /^windows: no window opens/,
  ],
  [
    'a window that is no pattern',
    { windows: [{ start: 'every night', minutes: 5 }] },
    /^windows\[0\]: "every night"/,
  ],
  [
    'a time zone that there is not',
    { windows: [{ start: '0 0 * * *', minutes: 5, timezone: 'Mars/Base' }] },
    /Mars/,
  ],
  [
    'a blackout that ends before it begins',
    { blackouts: [{ from: '2026-12-02', until: '2026-12-01' }] },
    /ends on/,
  ],
  [
    'a blackout over every window',
    {
      windows: [{ start: '0 0 1 1 *', minutes: 5 }],
      blackouts: [{ from: '2026-01-01', until: '2036-01-01' }],
    },
    /^windows: no window opens/,
  ],
]

for (const [what, input, expected] of impossible) {
  test(`refused with its reason: ${what}`, () => {
    const hosts = members(4, { zones: ['a', 'b'] })
    const { policy } = planOf(4, input)
    const faults = faultsOf(policy, { members: hosts, now: at('2026-11-24T12:00:00Z') })
    assert.match(faults.map(({ path, message }) => `${path}: ${message}`).join('\n'), expected)
  })
}

test('a possible policy has no faults', () => {
  const { policy } = planOf(4, { windows: night, zones: ['b'], max_unavailable: '50%', ramp: [1, '20%'] })
  assert.deepEqual(faultsOf(policy, { members: members(4, { zones: ['a', 'b'] }), now: 0 }), [])
  assert.equal(MaintenanceWindow.parse({ start: '* * * * *', minutes: 1 }).timezone, 'UTC')
})
