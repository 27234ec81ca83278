/** Slots: how many, for whom first, and what happens to those who wait. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { HostScheduler, type OrderedWork, type Slot, workKinds } from '../../src/index.ts'

/** Lets each piece of work wait for the one slot, in this order. Returns their names in the order of their turns. */
async function turnsOf(works: readonly (OrderedWork & { name: string })[]): Promise<string[]> {
  const scheduler = new HostScheduler({ limit: 1 })
  const first = await scheduler.enter()
  const turns: string[] = []
  const all = works.map(async (work) => {
    const slot = await scheduler.enter(work)
    turns.push(work.name)
    slot.leave()
  })
  first.leave()
  await Promise.all(all)
  return turns
}

test('only as many run as the limit says, and all have their turn', async () => {
  const scheduler = new HostScheduler({ limit: 3 })
  let most = 0
  const work = async (): Promise<void> => {
    const slot = await scheduler.enter()
    most = Math.max(most, scheduler.running)
    await turn()
    slot.leave()
  }
  await Promise.all(Array.from({ length: 50 }, work))
  expect([most, scheduler.running, scheduler.waiting.request]).toEqual([3, 0, 0])
})

test('operations come before requests of people, investigations, and checks', async () => {
  const works = workKinds.toReversed().map((kind) => ({ kind, name: kind }))
  expect(await turnsOf(works)).toEqual(workKinds)
})

test('clusters take turns, and within a cluster what began first is finished first', async () => {
  const works = [
    { name: 'a1', cluster: 'a', order: 1 },
    { name: 'a3', cluster: 'a', order: 3 },
    { name: 'a2', cluster: 'a', order: 2 },
    { name: 'b4', cluster: 'b', order: 4 },
    { name: 'c5', cluster: 'c', order: 5 },
  ]
  expect(await turnsOf(works)).toEqual(['a1', 'b4', 'c5', 'a2', 'a3'])
})

test('every eighth turn goes to what has waited longest, whatever it is', async () => {
  const watch = { kind: 'watch' as const, name: 'watch' }
  const operations = Array.from({ length: 20 }, () => ({ kind: 'operation' as const, name: 'operation' }))
  expect((await turnsOf([watch, ...operations])).indexOf('watch')).toBe(7)
})

test('who gives up leaves the queue, and takes no slot', async () => {
  const gaveUp = vi.fn()
  const scheduler = new HostScheduler({ limit: 1, observer: { gaveUp } })
  const slot = await scheduler.enter()
  const stop = new AbortController()
  const waiting = scheduler.enter({ kind: 'watch' }, stop.signal)
  expect(scheduler.waiting.watch).toBe(1)
  stop.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  expect(scheduler.waiting.watch).toBe(0)
  slot.leave()
  slot.leave()
  expect(scheduler.running).toBe(0)
  expect(gaveUp).toHaveBeenCalledExactlyOnceWith('watch', 'waited')
})

test('who waits for a second is told so, once', async () => {
  vi.useFakeTimers()
  try {
    const scheduler = new HostScheduler({ limit: 1 })
    const slot = await scheduler.enter()
    const onWait = vi.fn()
    let got: Slot | undefined
    void scheduler.enter({ onWait }).then((mine) => (got = mine))
    await vi.advanceTimersByTimeAsync(900)
    expect(onWait).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(5000)
    expect(onWait).toHaveBeenCalledTimes(1)
    slot.leave()
    await vi.advanceTimersByTimeAsync(0)
    expect(got).toBeDefined()
  } finally {
    vi.useRealTimers()
  }
})

test('a time-out of a host that had answered lowers the limit', async () => {
  const scheduler = new HostScheduler()
  const before = scheduler.limit
  const slot = await scheduler.enter()
  slot.leave({ timedOut: true })
  expect(scheduler.limit).toBeLessThan(before)
})

test.each([0, -1, 1.5, Number.NaN])('a limit of %d is refused', (limit) => {
  expect(() => new HostScheduler({ limit })).toThrow(/at least 1/)
})
