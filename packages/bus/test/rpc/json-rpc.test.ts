import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { BusError } from '../../src/errors.ts'
import { decodeAnswerError } from '../kombu/answers.ts'
import { decodeAnswer, encodeError, encodeResult, readCall } from '../../src/rpc/json-rpc.ts'

describe('calls', () => {
  test('params may be missing, an array or an object', () => {
    assert.deepEqual(readCall({ jsonrpc: '2.0', id: 1, method: 'ping' }), {
      id: 1,
      method: 'ping',
      params: {},
    })
    assert.deepEqual(readCall({ jsonrpc: '2.0', method: 'add', params: [1] }), {
      id: undefined,
      method: 'add',
      params: [1],
    })
  })

  test('what calls itself JSON-RPC and is not is refused, and everything else is no call', () => {
    for (const body of [
      { jsonrpc: '1.0' },
      { jsonrpc: '2.0' },
      { jsonrpc: '2.0', method: 'a', params: 'b' },
    ]) {
      assert.throws(() => readCall(body), { name: 'InvalidRequest' })
    }
    for (const body of [null, 5, 'text', [], { address: '10.0.0.1' }]) assert.equal(readCall(body), undefined)
  })
})

describe('answers', () => {
  test('a result is there also when it is null', () => {
    assert.equal(encodeResult('1', undefined), '{"jsonrpc":"2.0","id":"1","result":null}')
  })

  test('an error of the bus has the name of its class', () => {
    const error = decodeAnswerError(
      encodeError(-1, new BusError('Conflict', 'changed', { data: { key: 'k' } })),
    )
    assert.deepEqual(
      [error.code, error.message, error.data],
      [409, 'changed', { key: 'k', exception: 'Conflict' }],
    )
  })

  test('an error that went through two services keeps the name of its first class', () => {
    const first = decodeAnswerError(encodeError('1', new RangeError('far')))
    assert.equal(decodeAnswerError(encodeError('1', first)).data['exception'], 'RangeError')
  })

  test('a code of text stays in the data of an internal error', () => {
    const error = decodeAnswerError(encodeError('1', Object.assign(new Error('gone'), { code: 'ENOENT' })))
    assert.deepEqual([error.code, error.data], [-32603, { code: 'ENOENT', exception: 'Error' }])
  })

  test('what cannot be written is left out of the data', () => {
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    const error = decodeAnswerError(encodeError('1', new BusError('Conflict', 'round', { data: loop })))
    assert.deepEqual([error.code, error.data], [409, { exception: 'Conflict' }])
  })

  test('a code that a peer writes as text is a number', () => {
    const error = decodeAnswerError('{"jsonrpc":"2.0","id":1,"error":{"code":"405","message":"no"}}')
    assert.deepEqual([error.name, error.code], ['NotAllowed', 405])
  })

  test('an answer with neither result nor error says that the service dropped the request', () => {
    assert.match(decodeAnswerError('{"jsonrpc":"2.0","id":-1}').message, /neither result nor error/)
  })

  test('what is no object is no answer', () => {
    assert.throws(() => decodeAnswer('[]'), TypeError)
  })
})
