/** The edge of the bus: what passes, what is refused, and with which words. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { assert as checkProperty, integer, json, property } from 'fast-check'
import { test } from 'vitest'

import { readText } from '../../src/edge/body.ts'
import { deadLetterLimits } from '../../src/edge/dead-letter-limits.ts'
import { isDeeperThan } from '../../src/edge/depth.ts'
import { readAttempts, readDeadline, readHeaders, readNote } from '../../src/edge/headers.ts'
import { limits } from '../../src/edge/limits.ts'
import { readReceived, type UntrustedMessage } from '../../src/edge/read-received.ts'
import { checkRoutingKey } from '../../src/edge/routing-key.ts'
import { replyRule as amqpRule } from '../../src/transports/amqp/reply-rule.ts'
import { copiedHeaders } from '../../src/transports/amqp/copied-headers.ts'
import { replyRule as redisRule } from '../../src/transports/redis/reply-rule.ts'

const reference = readFileSync(new URL('../../../../docs/reference/transports.md', import.meta.url), 'utf8')

test('the reference has every bound with its value and meaning', () => {
  for (const [name, { value, unit, meaning }] of Object.entries(limits)) {
    const row = `| \`${name}\` | ${value.toLocaleString('en').replaceAll(',', ' ')} ${unit} | ${meaning} |`
    assert.ok(reference.includes(row), `docs/reference/transports.md lacks the row ${row}`)
  }
  const { messages, bytes } = deadLetterLimits
  assert.ok(reference.includes(`${messages.toLocaleString('en').replaceAll(',', ' ')} messages`))
  assert.ok(reference.includes(`${bytes / 2 ** 20} MiB`))
})

test('depth is found as a parser would find it, whatever stands in texts', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
  checkProperty(
    property(json({ maxDepth: 6 }), integer({ min: 0, max: 7 }), (text, limit) => {
      assert.equal(isDeeperThan(Buffer.from(text), limit), depthOf(JSON.parse(text)) > limit)
    }),
    { seed: 8, numRuns: 500 },
  )
})

test('a hundred thousand levels are refused, and not by the stack', () => {
  assert.throws(() => readText(Buffer.from('['.repeat(100_000))), /at most 512 levels are accepted/)
  assert.equal(readText(Buffer.from('[]')), '[]')
})

test('a bomb stops at the bound, and what is packed otherwise is refused', () => {
  const bomb = deflateSync(Buffer.alloc(limits.inflatedBytes.value + 1))
  assert.throws(
    () => readText(bomb, 'application/x-gzip'),
    /a body after decompression: at most 67108864 bytes/,
  )
  assert.throws(
    () => readText(Buffer.from('x'), 'application/x-gzip'),
    /not compressed in the way that its header names/,
  )
  assert.throws(() => readText(Buffer.from('x'), 5), /"compression" must be "application\/x-gzip"/)
  assert.equal(readText(deflateSync('{}'), 'application/x-gzip'), '{}')
})

test('bytes that are no UTF-8 are refused', () => {
  assert.throws(() => readText(Buffer.from([0xff, 0xfe])), /must be UTF-8 text/)
})

test('headers are texts within bounds; what is a table is left out', () => {
  assert.deepEqual(
    { ...readHeaders({ a: 'b', n: 1, t: true, deep: { x: 1 }, none: null }) },
    { a: 'b', n: '1', t: 'true' },
  )
  assert.equal(readHeaders(JSON.parse('{"__proto__": "x"}'))['__proto__'], 'x')
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`h${index}`, '']))
  assert.throws(
    () => readHeaders(many),
    /headers of one message: at most 64 headers are accepted, 65 were found/,
  )
  assert.throws(() => readHeaders({ ['n'.repeat(129)]: '' }), /the name of a header: at most 128 bytes/)
  assert.throws(() => readHeaders({ v: 'v'.repeat(8_193) }), /the value of a header: at most 8192 bytes/)
  const large = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`h${index}`, 'v'.repeat(8_000)]))
  assert.throws(() => readHeaders(large), /all names and values of headers: at most 32768 bytes/)
})

test('numbers in headers that only we write are whole, positive and bounded, or count as none', () => {
  for (const value of [
    '1e400',
    '-1',
    '1.5',
    '0x10',
    ' 1',
    '10000',
    'NaN',
    '',
    -1,
    1.5,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    null,
    {},
    true,
  ])
    assert.equal(readAttempts(value), 0, JSON.stringify(value))
  assert.deepEqual(
    [readAttempts('3'), readAttempts(4), readAttempts(1_000), readAttempts(1_001)],
    [3, 4, 1_000, 0],
  )
  for (const value of ['1e400', '-1', '99999999999999999', '8640000000000001', '', undefined])
    assert.equal(readDeadline(value), undefined, value)
  assert.equal(readDeadline('1790000000000'), 1_790_000_000_000)
  assert.deepEqual([readNote(5), readNote('x'.repeat(9_000)).length], ['', 8_192])
})

const message: UntrustedMessage = {
  queue: 'q',
  routingKey: 'q.ask',
  body: Buffer.from('{}'),
  contentType: 'application/json',
  headers: {},
  replyTo: undefined,
  redelivered: false,
}

test('a message that cannot be read has the reason, and whatever could be read of it', () => {
  const nowhere = (): undefined => undefined
  const read = (change: Partial<UntrustedMessage>) => readReceived({ ...message, ...change }, nowhere)
  assert.equal(read({}).fault, undefined)
  const { fault, replyTo, body } = read({ replyTo: 'response-1', contentType: 5 })
  assert.deepEqual(
    [fault?.code, fault?.message, replyTo, body],
    [-32600, 'the content type must be a text', 'response-1', ''],
  )
  assert.match(read({ routingKey: 'k'.repeat(256) }).fault?.message ?? '', /a routing key: at most 255 bytes/)
  assert.match(
    read({ replyTo: 'r'.repeat(5_000) }).fault?.message ?? '',
    /the name of a reply queue: at most 255 bytes are accepted, 5000/,
  )
  assert.match(read({ replyTo: 'a\r\nb' }).fault?.message ?? '', /it has control characters/)
  assert.match(read({ replyTo: 'q' }).fault?.message ?? '', /it is the queue that the message came from/)
  const broken = () => {
    throw new RangeError('Maximum call stack size exceeded')
  }
  assert.match(read({ body: broken }).fault?.message ?? '', /cannot be read \(RangeError: Maximum call stack/)
})

test('no queue, key or exchange of the system can be a reply queue', () => {
  const system = [
    'unacked',
    'unacked_index',
    'unacked_mutex',
    '_kombu.binding.x',
    '_commissaire.leases.x',
    'storage.dead',
    'a\u0006\u00163',
  ]
  for (const name of system) assert.ok(redisRule(name), name)
  for (const name of ['storage.dead', 'storage.retry', '_commissaire.all.x', 'amq.topic'])
    assert.ok(amqpRule(name), name)
  for (const rule of [redisRule, amqpRule]) assert.equal(rule('response-1'), undefined)
  assert.equal(amqpRule('amq.rabbitmq.reply-to.g1'), undefined)
  assert.equal(amqpRule('amq.gen-JzTY20'), undefined)
})

test('a copy has no header that the broker refuses, and none that routes it elsewhere', () => {
  const written = {
    a: 'x',
    n: 1.5,
    CC: ['other'],
    BCC: ['other'],
    list: [1, { b: null }],
    inf: Number.POSITIVE_INFINITY,
    bytes: Buffer.from('x'),
  }
  assert.deepEqual(copiedHeaders(written), { a: 'x', n: 1.5, list: [1, { b: null }] })
  let deep: unknown = 1
  for (let level = 0; level < 5_000; level++) deep = [deep]
  assert.deepEqual(copiedHeaders({ deep }), {})
  assert.deepEqual(copiedHeaders({ large: 'v'.repeat(40_000) }), {})
})

test('a routing key that no broker takes is refused before it is sent', () => {
  assert.equal(checkRoutingKey('storage.get'), undefined)
  assert.match(checkRoutingKey('k'.repeat(256))?.message ?? '', /at most 255 bytes/)
  assert.match(checkRoutingKey('\ud800')?.message ?? '', /valid Unicode/)
})
