import assert from 'node:assert/strict'
import { test } from 'vitest'
import { signatureOf } from '../src/signature.ts'

/* oxlint-disable no-unused-vars -- their parameters are what is looked at */
const methods = {
  plain(message: unknown, x: number, y: number) {},
  async awaited(message: unknown, address: string) {},
  // prettier-ignore
  defaults(message: unknown, text = 'a, (b', list = [1, 2], nested = ((one: number) => one)(1)) {},
  destructured(message: unknown, { a, b }: { a: number; b: number }, [c]: number[] = []) {},
  rest(message: unknown, ...words: string[]) {},
  nothing() {},
  message(message: unknown) {},
  commented(message: unknown /* the message, first */, x: number /* and ) this */) {},
}

const expected = {
  plain: { names: ['x', 'y'], required: 2, most: 2 },
  awaited: { names: ['address'], required: 1, most: 1 },
  defaults: { names: ['text', 'list', 'nested'], required: 0, most: 3 },
  destructured: { names: ['argument1', 'argument2'], required: 1, most: 2 },
  rest: { names: ['words'], required: 0, most: undefined },
  nothing: { names: [], required: 0, most: 0 },
  message: { names: [], required: 0, most: 0 },
  commented: { names: ['x'], required: 1, most: 1 },
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
