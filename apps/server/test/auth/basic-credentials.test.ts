/** The header of HTTP Basic. */
import { expect, test } from 'vitest'
import { basicCredentials } from '../../src/auth/plugins/basic-credentials.ts'

const header = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

test('a name and a password are read, also with colons and letters of other alphabets', () => {
  expect(basicCredentials(header('a:b'))).toEqual({ user: 'a', password: 'b' })
  expect(basicCredentials(header('a:b:c'))).toEqual({ user: 'a', password: 'b:c' })
  expect(basicCredentials(header('jürgen:ключ'))).toEqual({ user: 'jürgen', password: 'ключ' })
  expect(basicCredentials(header(':'))).toEqual({ user: '', password: '' })
  expect(basicCredentials(header('a:b').replace('Basic', 'bAsIc'))).toEqual({ user: 'a', password: 'b' })
})

test.each([undefined, '', 'Basic', 'Basic ', header('nocolon'), 'Bearer abc', 'Basic !!!', 'Basic a b'])(
  '"%s" holds no credentials',
  (text) => {
    expect(basicCredentials(text)).toBeUndefined()
  },
)
