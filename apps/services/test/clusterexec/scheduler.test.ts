/** Schedules over real storage, by a clock that the tests set. */
import { until } from '@commissaire/testing'
import { Operation, parseModel, Schedule, timestamp } from '@commissaire/models'
import { BusError } from '@commissaire/bus'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { ClusterexecService } from '../../src/index.ts'
import { Scheduler, type ScheduledRequest, type SchedulerDeps } from '../../src/clusterexec/scheduler.ts'
import { TestSystem } from '../system.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
let system: TestSystem
let now = 0
let begun: ScheduledRequest[] = []

beforeEach(async () => {
  system = await TestSystem.start({ watcher: false, clusterexec: false, investigator: false })
  begun = []
})

afterEach(() => system[Symbol.asyncDispose]())

async function start(wish: ScheduledRequest): Promise<Operation> {
  begun.push(wish)
  return { id: `${wish.kind}-${begun.length}` } as Operation
}

const scheduler = (means: Partial<SchedulerDeps> = {}) =>
  new Scheduler({ storage: system.storage, log: quiet, start, now: () => now, ...means })

const at = (time: string) => (now = Date.parse(time))

const keep = (changes: object = {}) =>
  system.storage.save(
    Schedule,
    parseModel(Schedule, {
      name: 'nightly',
      cluster: 'web',
      kind: 'upgrade',
      when: '0 2 * * *',
      policy: {},
      ...changes,
    }),
  )

const change = (changes: Partial<Schedule>) =>
  system.storage.update(Schedule, 'nightly', (schedule) => ({ ...schedule, ...changes }))

const stored = () => system.storage.get(Schedule, 'nightly')

test('one that is due begins its operation, once, and again when it is due again', async () => {
  at('2026-03-01T12:00:00Z')
  await keep({ kind: 'deploy', version: '7', policy: { max_unavailable: 2 } })
  const keeper = scheduler()
  expect(new Date(await keeper.startDue().then(() => keeper.startDue())).toISOString()).toBe(
    '2026-03-02T02:00:00.000Z',
  )
  at('2026-03-02T01:59:59Z')
  await keeper.startDue()
  expect(begun).toEqual([])
  at('2026-03-02T02:00:01Z')
  for (let look = 0; look < 3; look++) await keeper.startDue()
  expect(begun).toHaveLength(1)
  expect(begun[0]).toMatchObject({ kind: 'deploy', cluster_name: 'web', version: '7' })
  expect(begun[0]?.policy.max_unavailable).toBe(2)
  expect(await stored()).toMatchObject({
    last_run: '2026-03-02T02:00:01.000000',
    last_operation: 'deploy-1',
    last_error: '',
  })
  at('2026-03-03T02:00:00Z')
  await keeper.startDue()
  expect(begun).toHaveLength(2)
})

test('of many processes one begins it', async () => {
  at('2026-03-01T12:00:00Z')
  await keep()
  const keepers = Array.from({ length: 8 }, () => scheduler())
  await Promise.all(keepers.map((keeper) => keeper.startDue()))
  for (const day of ['02', '03', '04']) {
    at(`2026-03-${day}T02:00:00Z`)
    await Promise.all(keepers.map((keeper) => keeper.startDue()))
  }
  expect(begun).toHaveLength(3)
})

test('what came due while nobody was there is begun once, where that is not too long ago', async () => {
  at('2026-03-01T12:00:00Z')
  await keep({ when: '0 * * * *' })
  await scheduler().startDue()
  at('2026-03-01T13:59:00Z')
  const later = scheduler()
  for (let look = 0; look < 3; look++) await later.startDue()
  expect(begun).toHaveLength(1)
  at('2026-03-01T14:00:00Z')
  await later.startDue()
  expect(begun).toHaveLength(2)
})

test('what was missed for too long is told, and not begun', async () => {
  at('2026-03-01T12:00:00Z')
  await keep()
  await scheduler().startDue()
  at('2026-03-05T03:00:00Z')
  const later = scheduler()
  await later.startDue()
  expect(begun).toEqual([])
  expect((await stored()).last_error).toMatch(
    /^It was due at 2026-03-02T02:00:00.000000, 4380 minutes ago, while no process was running/,
  )
  expect((await stored()).last_run).toBe('')
  at('2026-03-06T02:00:00Z')
  await later.startDue()
  expect([begun.length, (await stored()).last_error]).toEqual([1, ''])
})

test('one that cannot begin says why, does not pile up, and comes again at its time', async () => {
  at('2026-03-01T12:00:00Z')
  await keep({ when: '*/10 * * * *' })
  const refusal = 'A upgrade of cluster "web" is in_process since noon (u-1); wait until it has ended'
  let refusals = 0
  const busy = scheduler({
    start: async () => {
      refusals++
      throw new BusError('Conflict', refusal)
    },
  })
  await busy.startDue()
  at('2026-03-01T12:10:00Z')
  for (let look = 0; look < 3; look++) await busy.startDue()
  expect(refusals).toBe(1)
  expect(await stored()).toMatchObject({ last_operation: '', last_error: expect.stringContaining(refusal) })
  at('2026-03-01T12:20:00Z')
  await scheduler().startDue()
  expect([begun.length, (await stored()).last_error]).toEqual([1, ''])
})

test('changes count from when they are made: a new pattern, and one that is enabled again', async () => {
  at('2026-03-01T12:00:00Z')
  await keep()
  const keeper = scheduler()
  await keeper.startDue()
  await change({ when: '30 12 * * *' })
  await keeper.startDue()
  at('2026-03-01T12:30:00Z')
  await keeper.startDue()
  expect(begun).toHaveLength(1)
  await change({ enabled: false })
  at('2026-03-04T12:30:01Z')
  await keeper.startDue()
  await change({ enabled: true })
  await keeper.startDue()
  await scheduler().startDue()
  expect(begun).toHaveLength(1)
  at('2026-03-05T12:30:01Z')
  await keeper.startDue()
  expect(begun).toHaveLength(2)
  await system.storage.delete(Schedule, 'nightly')
  at('2026-03-06T12:30:01Z')
  await keeper.startDue()
  expect(begun).toHaveLength(2)
})

test('its clock is that of its time zone, also on the days when that is set', async () => {
  at('2026-03-28T12:00:00Z')
  await keep({ when: '30 1 * * *', timezone: 'Europe/Berlin' })
  const keeper = scheduler()
  await keeper.startDue()
  const begins: string[] = []
  for (let hour = 1; hour <= 72; hour++) {
    now = Date.parse('2026-03-28T12:00:00Z') + hour * 1_800_000
    const before = begun.length
    await keeper.startDue()
    if (begun.length > before) begins.push(new Date(now).toISOString().slice(0, 16))
  }
  expect(begins).toEqual(['2026-03-29T00:30', '2026-03-29T23:30'])
})

test.each([
  ['every day', 'UTC'],
  ['0 0 31 2 *', 'UTC'],
  ['0 0 * * *', 'Middle/Earth'],
])('"%s" in %s is never due, says so once, and keeps nobody else waiting', async (when, timezone) => {
  at('2026-03-01T12:00:00Z')
  await keep({ when, timezone })
  await keep({ name: 'other', when: '0 13 * * *' })
  const keeper = scheduler()
  await keeper.startDue()
  expect((await stored()).last_error).toContain(when)
  const changes = await system.listen('notify.storage.Schedule.updated')
  await keeper.startDue()
  expect(changes).toEqual([])
  at('2026-03-01T13:00:00Z')
  await keeper.startDue()
  expect(begun).toHaveLength(1)
})

test('it runs by itself, and ends when it is told', async () => {
  now = Date.now()
  const keeper = scheduler({ interval: 20 })
  keeper.start()
  await keep({ when: '* * * * *' })
  await until(async () => (await stored()).due_at || undefined)
  now += 60_000
  await until(() => begun.length || undefined)
  await keeper.close()
  now += 60_000
  expect(begun).toHaveLength(1)
})

test('the service begins the operations that are due', async () => {
  const host = await system.activeHost()
  await system.cluster('web', [host])
  await keep({ kind: 'exec', command: 'true', when: '* * * * *' })
  await system.run(new ClusterexecService(system.shared))
  await until(async () => (await stored()).due_at || undefined)
  await change({ due_at: timestamp() })
  const { last_operation } = await until(async () => {
    const schedule = await stored()
    return schedule.last_operation ? schedule : undefined
  })
  expect(await system.storage.get(Operation, last_operation)).toMatchObject({ kind: 'exec', cluster: 'web' })
}, 30_000)
