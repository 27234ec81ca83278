/** Schedules: made, changed by parts, shown with when they come next, and refused where they could never begin. */
import { parseModel, Schedule } from '@commissaire/models'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openWorld, type World } from '../world.ts'

let world: World
const nightly = { cluster: 'web', kind: 'upgrade', when: '0 3 * * *', timezone: 'Europe/Berlin' }

beforeEach(async () => {
  world = await openWorld()
  await world.ask('PUT', '/cluster/web', {})
})

afterEach(() => world[Symbol.asyncDispose]())

test('one is made, shown, listed and removed', async () => {
  const made = await world.ask('PUT', '/schedule/nightly', { ...nightly, policy: { max_unavailable: '20%' } })
  expect(made.statusCode).toBe(201)
  expect(made.json()).toMatchObject({ name: 'nightly', ...nightly, enabled: true, last_run: '' })
  expect(made.json().policy).toMatchObject({ max_unavailable: '20%', max_failures: 0 })
  expect(Date.parse(made.json().next_run)).toBeGreaterThan(Date.now())
  expect((await world.ask('GET', '/schedule/nightly')).json()).toEqual(made.json())
  expect((await world.ask('GET', '/schedules')).json()).toEqual([made.json()])
  const removed = await world.ask('DELETE', '/schedule/nightly', {})
  expect([removed.statusCode, removed.json()]).toEqual([200, []])
  expect((await world.ask('GET', '/schedule/nightly')).statusCode).toBe(404)
  expect((await world.ask('DELETE', '/schedule/nightly')).statusCode).toBe(404)
})

test('a change leaves the rest as it is, what was written of its runs too', async () => {
  await world.ask('PUT', '/schedule/nightly', nightly)
  const run = { last_run: '2026-11-01T02:00:00.000000', last_operation: 'upgrade-web-1' }
  await world.storage.update(Schedule, 'nightly', (schedule) => ({ ...schedule, ...run }))
  const changed = await world.ask('PUT', '/schedule/nightly', { enabled: false, command: null })
  expect(changed.json()).toMatchObject({ ...nightly, ...run, enabled: false, next_run: '' })
})

test('of many who make the same one at once, all are answered', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => world.ask('PUT', '/schedule/nightly', nightly)),
  )
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([201]))
})

test.each([
  [{ when: '99 3 * * *' }, 'when'],
  [{ when: '0 3 * *' }, 'when'],
  [{ when: '0 0 3 * * *' }, 'when'],
  [{ when: '0 3 30 2 *' }, 'when'],
  [{ timezone: 'Europe/Berlyn' }, 'timezone'],
  [{ kind: 'deploy' }, 'version'],
  [{ kind: 'exec' }, 'command'],
  [{ kind: 'drain' }, 'kind'],
  [{ whem: '0 3 * * *' }, ''],
  [{ policy: { windows: [{ start: 'x', minutes: 5 }] } }, 'policy.windows[0].start'],
  [
    { policy: { windows: [{ start: '0 3 * * *', minutes: 5, timezone: 'X' }] } },
    'policy.windows[0].timezone',
  ],
  [{ policy: { max_failures: 'many' } }, 'policy.max_failures'],
])('%j is refused, with what is wrong', async (change, path) => {
  const answer = await world.ask('PUT', '/schedule/nightly', { ...nightly, ...change })
  expect(answer.statusCode).toBe(400)
  expect(answer.json().faults).toMatchObject([{ path }])
  expect((await world.ask('GET', '/schedules')).json()).toEqual([])
})

test('a new one needs all that makes one, and a cluster that there is', async () => {
  const empty = await world.ask('PUT', '/schedule/nightly', {})
  expect(empty.statusCode).toBe(400)
  expect(empty.json().faults.map(({ path }: { path: string }) => path)).toEqual(['cluster', 'kind', 'when'])
  const nowhere = await world.ask('PUT', '/schedule/nightly', { ...nightly, cluster: 'nowhere' })
  expect([nowhere.statusCode, nowhere.json().detail]).toEqual([
    409,
    'There is no cluster "nowhere". Make it first.',
  ])
})

test('one that somebody else stored with a pattern that is none is shown all the same', async () => {
  await world.storage.save(
    Schedule,
    parseModel(Schedule, { name: 's', ...nightly, policy: {}, when: 'whenever' }),
  )
  expect((await world.ask('GET', '/schedule/s')).json()).toMatchObject({ when: 'whenever', next_run: '' })
})
