/** Errors of the bus and what they mean in HTTP. */
import { BusError, type ErrorName, errorTable } from '@commissaire/bus'
import { parseModel, Network } from '@commissaire/models'
import { expect, test } from 'vitest'
import { statusOf, statusTable } from '../src/http/errors.ts'

test.each(Object.keys(errorTable) as ErrorName[])('%s has a status', (name) => {
  expect(statusOf(new BusError(name, 'x'))).toBe(statusTable[name])
})

test('the table has no more names than the bus has errors', () => {
  expect(Object.keys(statusTable).sort()).toEqual(Object.keys(errorTable).sort())
})

test('an error is told by its code, also where its class is another', () => {
  expect(statusOf({ code: errorTable.Conflict.code })).toBe(409)
})

test.each([
  [new Error('x')],
  ['text'],
  [undefined],
  [{ code: -32000 }],
  [{ code: 'ENOENT' }],
  [{ statusCode: 503 }],
])('%j is nothing anybody foresaw', (error) => {
  expect(statusOf(error)).toBe(500)
})

test('data that does not fit its model is a bad request', () => {
  const attempt = () => parseModel(Network, { name: 'n', type: 'x' })
  expect(attempt).toThrow()
  try {
    attempt()
  } catch (error) {
    expect(statusOf(error)).toBe(400)
  }
})
