/** The cache of successful authentications. */
import { expect, test } from 'vitest'
import { CredentialCache } from '../../src/auth/credential-cache.ts'

test('an identity is cached for as long as it allows, and no longer', () => {
  let now = 0
  const cache = new CredentialCache(() => now)
  const identity = { user: 'a', rememberFor: 1000 }
  cache.set('Basic x', identity)
  expect(cache.get('Basic x')).toBe(identity)
  expect(cache.get('Basic y')).toBeUndefined()
  now = 1000
  expect(cache.get('Basic x')).toBeUndefined()
})

test('an identity without a time is not cached', () => {
  const cache = new CredentialCache()
  cache.set('Basic x', { user: 'a' })
  expect(cache.get('Basic x')).toBeUndefined()
})

test('the cache is bounded, and keeps the newest entries', () => {
  const cache = new CredentialCache()
  for (let index = 0; index < 5000; index++) {
    cache.set(`Basic ${index}`, { user: String(index), rememberFor: 60_000 })
  }
  expect(cache.get('Basic 4999')).toMatchObject({ user: '4999' })
  expect(cache.get('Basic 0')).toBeUndefined()
})
