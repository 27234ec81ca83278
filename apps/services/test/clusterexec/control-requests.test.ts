/** What is asked of operations that are under way, and of those that are over. */
import { until } from '@commissaire/testing'
import type { FakeHost, FakeHostOptions } from '@commissaire/hosts/testing'
import { expect, test } from 'vitest'

import { fleet, Rolling, times } from './operations.ts'
import { TestSystem } from '../system.ts'

const noWatcher = { watcher: false } as const

test('how many hosts may be away can be changed on the run', async () => {
  await using system = await TestSystem.start(noWatcher)
  const gate = Promise.withResolvers<undefined>()
  const respond: FakeHostOptions['respond'] = ({ command }) => (command === 'wait' ? gate.promise : undefined)
  const hosts = await fleet(system, 4, { respond })
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'wait' })
  const waiting = () => hosts.filter((host) => times(host, 'wait') > 0).length
  await until(() => waiting() === 1)
  await rolling.ask('throttle', { max_unavailable: 3 })
  await until(() => waiting() === 3)
  expect((await rolling.get()).hosts).toEqual({ waiting: 1, working: 3 })
  gate.resolve(undefined)
  expect(await rolling.until('finished', 'paused')).toMatchObject({ status: 'finished' })
})

test('a paused operation begins no host until it is resumed', async () => {
  await using system = await TestSystem.start(noWatcher)
  const gate = Promise.withResolvers<undefined>()
  const respond: FakeHostOptions['respond'] = ({ command }) => (command === 'wait' ? gate.promise : undefined)
  const [first, second] = await fleet(system, 2, { respond })
  if (!first || !second) throw new Error('no fleet')
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'wait' })
  await until(() => times(first, 'wait') > 0)
  expect(await rolling.ask('pause', { reason: 'lunch' })).toMatchObject({
    status: 'pausing',
    reason: 'lunch',
  })
  gate.resolve(undefined)
  expect(await rolling.until('paused')).toMatchObject({ reason: 'lunch', hosts: { done: 1, waiting: 1 } })
  expect(second.commands).toEqual([])
  await rolling.ask('resume')
  expect(await rolling.until('finished')).toMatchObject({ hosts: { done: 2 } })
})

test('a failed host may be skipped, and the others go on', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [first, second, third] = await fleet(system, 3, {
    respond: ({ command }) => (command === 'false' ? { code: 1 } : undefined),
  })
  if (!first || !second || !third) throw new Error('no fleet')
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'false', policy: { max_failures: 0 } })
  await rolling.until('paused')
  await rolling.ask('skip', { hosts: [first.address, third.address], reason: 'mended by hand' })
  await rolling.ask('resume')
  await rolling.until('failed')
  const skipped = { state: 'skipped', reason: 'mended by hand' }
  expect(await rolling.host(first)).toMatchObject(skipped)
  expect(await rolling.host(third)).toMatchObject(skipped)
  expect(await rolling.host(second)).toMatchObject({ state: 'failed' })
  expect(third.commands).toEqual([])
})

test('what cannot be asked is refused with the reason', async () => {
  await using system = await TestSystem.start(noWatcher)
  const hosts = await fleet(system, 1)
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'true' })
  await rolling.until('finished')
  await expect(rolling.ask('pause')).rejects.toMatchObject({
    code: 405,
    message: `Operation ${rolling.id} is finished; pause is allowed while it is in_process`,
  })
  await expect(
    system.bus.request('jobs.clusterexec.ask', { operation: 'none', what: 'pause' }),
  ).rejects.toMatchObject({ code: 404 })
  await expect(rolling.ask('retry')).rejects.toMatchObject({ code: 405 })
  const held = await Rolling.start(system, { kind: 'drain' })
  await held.untilIn(hosts[0] as FakeHost, 'hold')
  await expect(held.ask('skip')).rejects.toMatchObject({ code: -32602 })
  await expect(held.ask('throttle', { max_unavailable: '0%' })).rejects.toMatchObject({ code: -32602 })
  await held.ask('release')
  expect((await held.until('finished')).status).toBe('finished')
  const wish = { kind: 'exec', cluster_name: 'web', command: 'true' }
  await expect(
    system.bus.request('jobs.clusterexec.start', { ...wish, policy: { max_unavailble: 1 } }),
  ).rejects.toMatchObject({ code: -32602 })
  await expect(
    system.bus.request('jobs.clusterexec.start', { ...wish, hosts: ['10.9.9.9'] }),
  ).rejects.toMatchObject({ code: 404 })
})

test('a retry that finds another operation in its place is refused, and nothing stays asked', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [host] = await fleet(system, 1)
  if (host) host.onReboot = 'ignores'
  const first = await Rolling.start(system, { kind: 'restart' })
  await first.until('failed')
  if (host) host.onReboot = 'never_returns'
  const second = await Rolling.start(system, { kind: 'restart' })
  await expect(first.ask('retry')).rejects.toMatchObject({ code: 409 })
  const { requests, status } = await first.get()
  expect([requests, status]).toEqual([[], 'failed'])
  await second.until('failed')
})

test('what a long command prints is kept while it goes on', async () => {
  await using system = await TestSystem.start(noWatcher)
  const gate = Promise.withResolvers<void>()
  const [host] = await fleet(system, 1, {
    respond: async ({ command, print }) => {
      if (command !== 'long') return undefined
      print('half way\n')
      await gate.promise
      return { stdout: 'done\n' }
    },
  })
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'long' })
  await until(async () => (host && (await rolling.output(host)).includes('half way')) || undefined)
  gate.resolve()
  await rolling.until('finished')
  expect(host && (await rolling.output(host))).toEqual(['half way', 'done'])
})
