import assert from 'node:assert/strict'
import { test } from 'vitest'
import { Backoff } from '../../src/manager/backoff.ts'

const policy = { firstDelay: 100, longestDelay: 1_000, stableAfter: 10_000 }

test('the first restart comes at once, then the delay doubles up to the longest', () => {
  const backoff = new Backoff(policy)
  const delays = Array.from({ length: 7 }, () => backoff.delayAfter(0))
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1_000, 1_000])
})

test('a child that was healthy for long is replaced at once again', () => {
  const backoff = new Backoff(policy)
  backoff.delayAfter(0)
  backoff.delayAfter(0)
  assert.equal(backoff.delayAfter(10_000), 0)
  assert.equal(backoff.delayAfter(5), 100)
})
