import assert from 'node:assert/strict'
import { test } from 'vitest'
import { didYouMean, nearest } from '../../src/program/did-you-mean.ts'

const words = ['etcd', 'memory', 'sqlite', 'add', 'subtract']

test('a slip of the finger finds what was meant', () => {
  for (const [wrong, right] of [
    ['etdc', 'etcd'],
    ['memry', 'memory'],
    ['SQLite', 'sqlite'],
    ['ad', 'add'],
  ] as const) {
    assert.equal(didYouMean(wrong, words), `; did you mean "${right}"?`)
  }
})

test('what resembles nothing gets no advice', () => {
  assert.deepEqual(nearest('kubernetes', words), [])
  assert.equal(didYouMean('c', ['a', 'b']), '')
  assert.equal(didYouMean('', words), '')
})

test('a very long word is not compared at length', () => {
  assert.deepEqual(nearest('x'.repeat(1_000_000), words), [])
})
