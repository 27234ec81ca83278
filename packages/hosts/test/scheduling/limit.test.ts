/** The adaptive limit against a simulated machine that shares its processors among all that runs. */
import { describe, expect, test } from 'vitest'
import { Latency } from '../../src/scheduling/latency.ts'
import { AdaptiveLimit } from '../../src/scheduling/limit.ts'

interface Machine {
  /** Milliseconds for a piece of work that runs alone. */
  readonly alone: number
  /** How many pieces of work run at full speed. */
  readonly processors: number
}

/** Keeps as much work running as the limit allows. Returns the limit at the end and the longest answer of the second half. */
function simulate({ alone, processors }: Machine, pieces: number): { limit: number; longest: number } {
  const limit = new AdaptiveLimit()
  const latency = new Latency()
  const running: { started: number; left: number }[] = []
  let now = 0
  let longest = 0
  for (let done = 0; done < pieces;) {
    while (running.length < limit.value) running.push({ started: now, left: alone })
    const speed = Math.min(1, processors / running.length)
    const next = running.reduce((one, other) => (other.left < one.left ? other : one))
    const step = next.left / speed
    now += step
    for (const each of running) each.left -= step * speed
    running.splice(running.indexOf(next), 1)
    done += 1
    const ms = now - next.started
    if (done > pieces / 2) longest = Math.max(longest, ms)
    limit.record(
      {
        slowness: latency.record({ command: 'probe', ms, timeLimit: 30_000 }),
        timedOut: ms > 30_000,
        running: running.length + 1,
      },
      now,
    )
  }
  return { limit: limit.value, longest }
}

describe('the adaptive limit', () => {
  test('grows to its bound while answers come as usual', () => {
    expect(simulate({ alone: 300, processors: 10_000 }, 5000).limit).toBe(512)
  })

  test.each([1, 2, 8])(
    'keeps the answers of a machine with %i busy processors far below their time limit',
    (processors) => {
      const { limit, longest } = simulate({ alone: 300, processors }, 4000)
      expect(longest).toBeLessThan(15_000)
      expect(limit).toBeLessThan(processors * 50)
      expect(limit).toBeGreaterThanOrEqual(4)
    },
  )

  test('is decreased once for all that was running when an answer did not come in time', () => {
    const limit = new AdaptiveLimit({ initial: 100 })
    for (let index = 0; index < 50; index++)
      limit.record({ slowness: 1, timedOut: true, running: 100 }, index)
    expect(limit.value).toBe(60)
  })

  test('does not grow while it is not used', () => {
    const limit = new AdaptiveLimit({ initial: 100 })
    for (let index = 0; index < 500; index++)
      limit.record({ slowness: 1, timedOut: false, running: 10 }, index)
    expect(limit.value).toBe(100)
  })

  test('never falls below its minimum', () => {
    const limit = new AdaptiveLimit({ min: 3 })
    for (let index = 0; index < 50; index++)
      limit.record({ slowness: 1, timedOut: true, running: 3 }, index * 10_000)
    expect(limit.value).toBe(3)
  })
})

describe('latency', () => {
  const answers = new Latency()
  const slowness = (command: string, ms: number, timeLimit = 30_000) =>
    answers.record({ command, ms, timeLimit })

  test('slow and fast commands do not disturb each other', () => {
    for (let index = 0; index < 100; index++)
      expect([slowness('fast', 300), slowness('slow', 5000)]).toEqual([1, 1])
  })

  test('answers that take three times as long are noticed', () => {
    for (let index = 0; index < 200; index++) slowness('probe', 300)
    expect(Array.from({ length: 20 }, () => slowness('probe', 900)).at(-1)).toBeGreaterThan(2)
  })

  test('answers within a quarter of a second are never slow', () => {
    for (let index = 0; index < 200; index++) slowness('quick', 5)
    expect(new Set(Array.from({ length: 50 }, () => slowness('quick', 100)))).toEqual(new Set([1]))
  })

  test('answers that take more than a quarter of their time limit are slow, even if they always did', () => {
    expect(slowness('always slow', 2600, 10_000)).toBe(Infinity)
  })
})
