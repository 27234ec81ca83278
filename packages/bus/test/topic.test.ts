import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { matcher } from '../src/topic.ts'

/** The definition, as slow as it is plain. */
function means(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first === '#') return means(rest, words) || (words.length > 0 && means(pattern, words.slice(1)))
  return words.length > 0 && (first === '*' || first === words[0]) && means(rest, words.slice(1))
}

describe('topics as AMQP means them', () => {
  test.each([
    ['simple.*', 'simple.add', true],
    ['simple.*', 'simple.a.b', false],
    ['simple.*', 'simple.', true],
    ['simple.*', 'simple', false],
    ['simple.#', 'simple', true],
    ['a.*.c', 'a.b.x.c', false],
    ['a.#.c', 'a.c', true],
    ['a.#.c', 'a.b.b.c', true],
    ['#', 'anything.at.all', true],
    ['', '', true],
  ])('%s and %s: %s', (binding, key, expected) => assert.equal(matcher(binding)(key), expected))

  test('any binding and key match as the definition says', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '', '*', '#'), { minLength: 1, maxLength: 6 })
    const key = fc.array(fc.constantFrom('a', 'b', ''), { minLength: 1, maxLength: 7 })
    fc.assert(
      fc.property(pattern, key, (words, parts) => {
        assert.equal(matcher(words.join('.'))(parts.join('.')), means(words, parts))
      }),
      { numRuns: 2_000 },
    )
  })
})
