import assert from 'node:assert/strict'
import { deflateSync } from 'node:zlib'
import { describe, test } from 'vitest'
import { decodeAnswer, readCall } from '../../src/rpc/json-rpc.ts'
import { parseJson } from '../../src/rpc/json.ts'
import { copy, decodeMessage, encodeMessage, encodeReply, rewrite } from '../../src/transports/redis/kombu.ts'
import { samples } from './samples.ts'

const messages = samples.filter(({ command }) => command === 'LPUSH')

/** The shape of a message: names and fixed values, without what differs from one to the next. */
function shape(text: string): unknown {
  const { body: _body, properties, ...rest } = JSON.parse(text)
  const { delivery_tag: tag, ...others } = properties
  assert.match(tag, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  return { ...rest, properties: others }
}

describe('messages of kombu', () => {
  test('every recorded message is read', () => {
    assert.ok(messages.length > 50)
    for (const { key, value, body_decoded: body, content_type: type } of messages) {
      const message = decodeMessage(value, key)
      assert.equal(message?.body, body)
      if (type !== undefined) assert.equal(message?.contentType, type)
    }
  })

  test('a request is written as the original writes it', () => {
    const recorded = messages.find(({ value }) => value.includes('"reply_to"'))
    assert.ok(recorded)
    const message = decodeMessage(recorded.value, 'storage')
    assert.ok(message?.replyTo)
    const { routingKey, body, contentType, headers, replyTo } = message
    const written = copy(encodeMessage({ routingKey, body, contentType, headers, replyTo }, 'commissaire'))
    assert.deepEqual(shape(written), shape(recorded.value))
    assert.ok(readCall(parseJson(message.body)))
  })

  test('an answer is written as the original writes it', () => {
    const recorded = messages.find(
      ({ key, content_type: type }) => key.startsWith('response-') && type === 'text/plain',
    )
    assert.ok(recorded)
    const body = recorded.body_decoded ?? ''
    assert.deepEqual(shape(encodeReply({ queue: recorded.key, body })), shape(recorded.value))
    assert.ok(decodeAnswer(body))
  })

  test('what kombu accepts is accepted: no content type, no encoding, no properties', () => {
    assert.equal(decodeMessage('{"body":"plain","properties":{"body_encoding":null}}', 'q')?.body, 'plain')
    assert.equal(decodeMessage('{}', 'q')?.body, '')
    for (const text of ['', 'nope', '[]', '5', 'null', '"text"'])
      assert.equal(decodeMessage(text, 'q'), undefined)
  })

  test('a priority names its list', () => {
    const listOf = (priority: unknown): string | undefined =>
      decodeMessage(JSON.stringify({ properties: { priority } }), 'q')?.list.replace('\u0006\u0016', '|')
    assert.deepEqual([0, 2, 3, 5, 9, 12, -1, 'x'].map(listOf), [
      'q',
      'q',
      'q|3',
      'q|3',
      'q|9',
      'q|9',
      'q',
      'q',
    ])
  })

  test('a compressed body is unpacked, and one that cannot be is refused', () => {
    const body = deflateSync('{"a":1}').toString('base64')
    const packed = (compression: string, text: string): string =>
      JSON.stringify({
        body: text,
        headers: { compression },
        'content-type': 'application/json',
        properties: { body_encoding: 'base64' },
      })
    assert.equal(decodeMessage(packed('application/x-gzip', body), 'q')?.body, '{"a":1}')
    assert.match(
      decodeMessage(packed('application/x-bz2', body), 'q')?.fault?.message ?? '',
      /must be "application\/x-gzip"/,
    )
    assert.match(
      decodeMessage(packed('application/x-gzip', 'AAAA'), 'q')?.fault?.message ?? '',
      /is not compressed in the way that its header names/,
    )
  })

  test('a released message keeps everything but its tag, and is marked', () => {
    const { value } = messages[0] ?? assert.fail()
    const given = decodeMessage(rewrite(value, { attempts: 2 }), 'q')
    const before = decodeMessage(value, 'q')
    assert.deepEqual({ ...given, headers: {} }, { ...before, headers: {}, redelivered: true, attempts: 2 })
    assert.notEqual(
      JSON.parse(rewrite(value, {})).properties.delivery_tag,
      JSON.parse(value).properties.delivery_tag,
    )
  })
})
