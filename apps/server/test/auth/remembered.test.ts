/** The memory of who was let in. */
import { expect, test } from 'vitest'
import { Remembered } from '../../src/auth/credential-cache.ts'

test('somebody is remembered for the time that was said, and no longer', () => {
  let now = 0
  const remembered = new Remembered(() => now)
  const identity = { user: 'a', rememberFor: 1000 }
  remembered.remember('Basic x', identity)
  expect(remembered.recall('Basic x')).toBe(identity)
  expect(remembered.recall('Basic y')).toBeUndefined()
  now = 1000
  expect(remembered.recall('Basic x')).toBeUndefined()
})

test('somebody who is not to be remembered is not', () => {
  const remembered = new Remembered()
  remembered.remember('Basic x', { user: 'a' })
  expect(remembered.recall('Basic x')).toBeUndefined()
})

test('the memory is bounded, and the newest stays', () => {
  const remembered = new Remembered()
  for (let index = 0; index < 5000; index++) {
    remembered.remember(`Basic ${index}`, { user: String(index), rememberFor: 60_000 })
  }
  expect(remembered.recall('Basic 4999')).toMatchObject({ user: '4999' })
  expect(remembered.recall('Basic 0')).toBeUndefined()
})
