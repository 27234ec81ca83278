import assert from 'node:assert/strict'
import { test } from 'vitest'
import { parseTimestamp, timestamp } from '../src/index.ts'

test('a time is UTC with six decimals and no zone, as Python writes it', () => {
  assert.equal(timestamp(new Date('2015-12-17T15:48:18.710Z')), '2015-12-17T15:48:18.710000')
  assert.match(timestamp(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
})

test('a time is read as UTC wherever one is, also one of Python’s that has no decimals', () => {
  assert.equal(parseTimestamp('2015-12-17T15:48:18.710454')?.toISOString(), '2015-12-17T15:48:18.710Z')
  assert.equal(parseTimestamp('2015-12-17T15:48:18')?.toISOString(), '2015-12-17T15:48:18.000Z')
  const now = new Date()
  assert.deepEqual(parseTimestamp(timestamp(now)), now)
})

test('what is no time is none', () => {
  for (const text of ['', 'now', '2015-12-17', '2015-13-17T15:48:18', '2015-12-17T15:48:18Z']) {
    assert.equal(parseTimestamp(text), undefined, text)
  }
})
