import assert from 'node:assert/strict'
import { test } from 'vitest'
import { signatureOf } from '../src/service/signature.ts'

const methods = {
  plain(_message: unknown, _x: number, _y: number) {},
  async awaited(_message: unknown, _address: string) {},
  defaults(_message: unknown, _text = 'a, (b', _list = [1, 2], _nested = ((one: number) => one)(1)) {},
  destructured(_message: unknown, { a: _a }: { a: number }, [_c]: number[] = []) {},
  rest(_message: unknown, ..._words: string[]) {},
  nothing() {},
  message(_message: unknown) {},
  commented(_message: unknown /* the message, first */, _x: number /* and ) this */) {},
}

const expected = {
  plain: { names: ['_x', '_y'], required: 2, most: 2 },
  awaited: { names: ['_address'], required: 1, most: 1 },
  defaults: { names: ['_text', '_list', '_nested'], required: 0, most: 3 },
  destructured: { names: ['argument1', 'argument2'], required: 1, most: 2 },
  rest: { names: ['_words'], required: 0, most: undefined },
  nothing: { names: [], required: 0, most: 0 },
  message: { names: [], required: 0, most: 0 },
  commented: { names: ['_x'], required: 1, most: 1 },
}

for (const [name, signature] of Object.entries(expected)) {
  test(`the parameters of a method are read from its source: ${name}`, () => {
    assert.deepEqual(signatureOf(methods[name as keyof typeof methods]), signature)
  })
}

test('a method without readable source has as many arguments as it says', () => {
  const bound = methods.plain.bind(methods)
  assert.deepEqual(signatureOf(bound), { names: ['argument1', 'argument2'], required: 2, most: undefined })
})
