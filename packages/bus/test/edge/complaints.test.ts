import assert from 'node:assert/strict'
import { test } from 'vitest'

import { Complaints } from '../../src/edge/complaints.ts'
import type { Logger } from '../../src/index.ts'
import { silent } from '../../src/testing/expect.ts'
import { eventually } from '../../src/testing/eventually.ts'

interface Line {
  readonly facts: Record<string, unknown>
  readonly message: string
}

function recorded(): { log: Logger; lines: Line[] } {
  const lines: Line[] = []
  const warn = (facts: object, message: string): void => void lines.push({ facts: { ...facts }, message })
  return { log: { ...silent, warn }, lines }
}

test('equal complaints are one line at once and one with a count', async () => {
  const { log, lines } = recorded()
  const complaints = new Complaints(log)
  for (let index = 0; index < 10_000; index++) complaints.warn({ queue: 'a', index }, 'refused a message')
  complaints.warn({ queue: 'b' }, 'refused a message')
  assert.equal(lines.length, 2)
  await eventually('the count is logged', () => lines.length === 3)
  assert.deepEqual(lines[2], { facts: { queue: 'a', index: 0, count: 9_999 }, message: 'refused a message' })
  complaints.close()
})

test('complaints of many queues are counted together, so that names cannot fill the log', () => {
  const { log, lines } = recorded()
  const complaints = new Complaints(log)
  for (let index = 0; index < 10_000; index++) complaints.warn({ queue: `queue-${index}` }, 'refused')
  complaints.close()
  assert.ok(lines.length <= 102, `${lines.length} lines`)
  const counted = lines.reduce(
    (sum, { facts }) => sum + (typeof facts['count'] === 'number' ? facts['count'] : 1),
    0,
  )
  assert.equal(counted, 10_000)
})
