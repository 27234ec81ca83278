/** Retries are spread, and come ever later. */
import { expect, test } from 'vitest'
import { RetrySchedule } from '../src/watcher/retry-schedule.ts'

test('hosts that failed together are due at different times within the first interval', () => {
  const schedule = new RetrySchedule({ first: 60_000 })
  const hosts = Array.from({ length: 200 }, (_, index) => `host-${index}`)
  for (const host of hosts) expect(schedule.isDue(host, 0)).toBe(false)
  const due = (now: number): number => hosts.filter((host) => schedule.isDue(host, now)).length
  const counts = [10_000, 20_000, 30_000, 40_000, 50_000, 60_000].map(due)
  expect(Math.max(...counts)).toBeLessThan(100)
})

test('the longest wait doubles with each request, up to the bound', () => {
  const schedule = new RetrySchedule({ first: 1000, most: 5000 }, () => 1)
  const waits: number[] = []
  let now = 0
  let since = 0
  schedule.isDue('a', now)
  while (waits.length < 5) {
    now += 100
    if (!schedule.isDue('a', now)) continue
    waits.push(now - since)
    since = now
  }
  expect(waits).toEqual([1000, 2000, 4000, 5000, 5000])
})

test('a host that was well begins anew', () => {
  const schedule = new RetrySchedule({ first: 1000 }, () => 1)
  for (const now of [0, 1000, 3000]) schedule.isDue('a', now)
  schedule.forget('a')
  expect([schedule.isDue('a', 3000), schedule.isDue('a', 4000)]).toEqual([false, true])
})
