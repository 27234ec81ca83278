import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { parseJson, stringifyJson } from '../../src/rpc/json.ts'

describe('JSON as Python writes it', () => {
  test('bare tokens are numbers, and the same letters in a text are not', () => {
    const text = '{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \\" Infinity", "NaN": 1}'
    assert.deepEqual(parseJson(text), { a: NaN, b: [-Infinity, Infinity], c: 'NaN " Infinity', NaN: 1 })
  })

  test('typed values of kombu 5.3 become what kombu 5.2 would have written', () => {
    const typed = (type: string, value: unknown): string =>
      JSON.stringify({ __type__: type, __value__: value })
    assert.equal(parseJson(typed('datetime', '2015-12-17T15:48:18')), '2015-12-17T15:48:18')
    assert.equal(parseJson(typed('decimal', '1.10')), '1.10')
    const hex = { hex: '702ac416a42249ceada08b633bfd7697' }
    assert.deepEqual(parseJson(`[${typed('uuid', hex)}]`), ['702ac416-a422-49ce-ada0-8b633bfd7697'])
    assert.deepEqual(parseJson('{"__type__": "a", "__value__": 1, "more": 2}'), {
      __type__: 'a',
      __value__: 1,
      more: 2,
    })
  })

  test('an object that peers would take for a typed value is never written', () => {
    assert.throws(
      () => stringifyJson({ deep: [{ __type__: 'x', __value__: 1 }] }),
      /means something else to peers/,
    )
    assert.equal(stringifyJson('"__type__" in a text'), String.raw`"\"__type__\" in a text"`)
  })

  test('whatever is JSON reads as JSON.parse reads it', () => {
    fc.assert(fc.property(fc.json(), (text) => assert.deepEqual(parseJson(text), JSON.parse(text))))
  })

  test('what no JSON is throws a SyntaxError', () => {
    for (const text of ['', '{', 'NaNa', 'nope', '[NaN', '"NaN'])
      assert.throws(() => parseJson(text), SyntaxError)
  })
})
