/** Forty seconds of faults over redis and sqlite; `npm run chaos` runs longer, and over the other worlds. */
import { expect, test } from 'vitest'
import { chaosRun } from './run.ts'

test('forty seconds of faults break no promise', { timeout: 300_000 }, async () => {
  const run = { broker: 'redis', store: 'sqlite', seed: 1, duration: 40_000 } as const
  const { violations, faults, ...rest } = await chaosRun(run)
  console.log(faults, rest)
  expect(violations).toEqual([])
  expect(faults).toBeGreaterThan(10)
  expect(rest.reboots).toBeGreaterThan(0)
})
