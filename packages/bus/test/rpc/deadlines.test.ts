import assert from 'node:assert/strict'
import { test } from 'vitest'
import { Deadlines } from '../../src/rpc/deadlines.ts'
import { eventually } from '../../src/testing/eventually.ts'

function item(inMs: number, expired: number[]): { dueAt: number; expire: () => void } {
  const dueAt = Date.now() + inMs
  return { dueAt, expire: () => expired.push(inMs) }
}

test('deadlines expire in order, none early, and removed ones never', async () => {
  const deadlines = new Deadlines()
  const expired: number[] = []
  const start = Date.now()
  const taken = item(20, expired)
  for (const one of [item(90, expired), taken, item(30, expired), item(-5, expired)]) deadlines.add(one)
  deadlines.delete(taken)
  await eventually('all have expired', () => expired.length === 3)
  assert.deepEqual(expired, [-5, 30, 90])
  assert.ok(Date.now() - start >= 90)
})

test('a deadline that is sooner than the others is met', async () => {
  const deadlines = new Deadlines()
  const expired: number[] = []
  deadlines.add(item(60_000, expired))
  deadlines.add(item(10, expired))
  await eventually('the sooner one has expired', () => expired.length === 1, { within: 2_000 })
  deadlines.clear()
})
