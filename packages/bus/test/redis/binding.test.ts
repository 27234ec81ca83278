import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import {
  decodeBinding,
  encodeBinding,
  keyToPattern,
  redisMatcher,
} from '../../src/transports/redis/binding.ts'
import { samples } from '../kombu/samples.ts'

describe('bindings of kombu', () => {
  test.each([
    ['simple.*', String.raw`^simple\..*?[^\.]$`],
    ['simple.#', String.raw`^simple\..*?$`],
    ['#', '^.*?$'],
    ['*', String.raw`^.*?[^\.]$`],
    ['a.*.c', String.raw`^a\..*?[^\.]\.c$`],
    ['x-y.z_1.*', String.raw`^x\-y\.z\_1\..*?[^\.]$`],
    ['', '^$'],
  ])('%s has the pattern that kombu gives it', (key, pattern) => assert.equal(keyToPattern(key), pattern))

  test.each([
    ['simple.*', 'simple.a.b', true],
    ['simple.*', 'simple.', false],
    ['simple.#', 'simple', false],
    ['a.*.c', 'a.b.x.c', true],
    ['a.#.c', 'a.c', false],
    ['a.#.c', 'a..c', true],
  ])('%s and %s match as they do for Python: %s', (key, routingKey, expected) => {
    assert.equal(redisMatcher(key)(routingKey), expected)
  })

  test('matching by hand is the same as matching with the pattern', () => {
    const words = (...from: string[]): fc.Arbitrary<string> =>
      fc.array(fc.constantFrom(...from), { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.'))
    fc.assert(
      fc.property(words('a', 'b-c', '', '*', '#'), words('a', 'b-c', ''), (key, routingKey) => {
        assert.equal(redisMatcher(key)(routingKey), new RegExp(keyToPattern(key)).test(routingKey))
      }),
      { numRuns: 2_000 },
    )
  })

  test('recorded bindings are written and read alike', () => {
    const members = samples.filter(({ command }) => command === 'SADD').map(({ value }) => value)
    assert.ok(members.length > 40)
    for (const member of members) assert.ok(decodeBinding(member), member)
  })

  test('a key that would stop every Python publisher is refused', () => {
    for (const key of ['*x', 'b*', 'a.#b']) assert.throws(() => encodeBinding(key, 'q'), /inside a word/)
    assert.throws(() => encodeBinding('a.\u0006\u0016', 'q'), /control characters/)
    assert.throws(() => encodeBinding('a', 'q\n'), /control characters/)
  })

  test('invalid members of a shared set are ignored', () => {
    assert.equal(decodeBinding('rubbish'), undefined)
    const catastrophe = decodeBinding('a\u0006\u0016^(a+)+$\u0006\u0016q')
    assert.equal(catastrophe?.matches(`${'a'.repeat(40)}!`), false)
    assert.equal(decodeBinding('a\u0006\u0016((\u0006\u0016q')?.matches('a'), false)
    assert.equal(decodeBinding('a\u0006\u0016^a.b$\u0006\u0016q')?.matches('axb'), true)
  })
})
