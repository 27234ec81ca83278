/**
 * Invalid messages to a running service are set aside or answered, logged, and change nothing else. Each is one at which
 * a kombu consumer raises an error, loses the message or ends.
 */

import { ErlangNode, haveRabbitMq, haveRedis, RedisServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { deflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { Connection, type Envelope } from 'rabbitmq-client'
import { connect, type Bus, type Logger } from '../../src/index.ts'
import { silent } from '../../src/testing/expect.ts'
import { eventually } from '../../src/testing/eventually.ts'
import { inventory, urlOf } from '../brokers/rabbitmq-world.ts'

const queue = { name: 'robust', routingKeys: ['robust.#'] }
const call = '{"jsonrpc":"2.0","id":"1","method":"add","params":[1,2]}'
const note = '{"jsonrpc":"2.0","method":"add","params":[1,2]}'

/** Serves the queue, sends it everything, and checks that it still works. */
async function survives(
  url: string,
  { send, readable, odd }: { send: () => Promise<void>; readable: number; odd: number },
): Promise<void> {
  let complaints = 0
  const warn: Logger['warn'] = (facts) => {
    complaints += 'count' in facts && typeof facts.count === 'number' ? facts.count : 1
  }
  await using bus = await connect(url, { log: { ...silent, warn } })
  let read = 0
  await bus.serve(queue, {
    prefetch: 5,
    handler: ({ routingKey }) => (routingKey === 'robust.ask' ? 'well' : read++),
  })
  await send()
  await eventually('what cannot be read is set aside', async () => (await countDead(bus)) === odd)
  await eventually('what can be read was worked on', () => read === readable)
  assert.equal(await bus.request('robust.ask'), 'well')
  await eventually('every one is complained of, one line a second and a count', () => complaints === odd)
  assert.equal(bus.state, 'connected')
}

async function countDead(bus: Bus): Promise<number> {
  return (await bus.dead.list(queue.name, 100)).length
}

describe.skipIf(!haveRedis)('on Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.remove())

  const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')
  const where = { exchange: 'commissaire', routing_key: 'robust.add' }
  const properties = { delivery_tag: 'x', delivery_info: where, body_encoding: 'base64', priority: 0 }
  const good = { body: base64(note), 'content-type': 'application/json', properties }
  const readable: object[] = [
    good,
    {
      ...good,
      'content-encoding': 'utf-8',
      headers: {},
      unknown: [1],
      properties: { ...properties, delivery_tag: 5 },
    },
    { body: base64(note), properties },
    { ...good, body: note, properties: { ...properties, body_encoding: null } },
    {
      ...good,
      body: base64(deflateSync(note)),
      headers: { compression: 'application/x-gzip', deep: { a: [1] } },
    },
  ]
  const odd: unknown[] = [
    'not JSON',
    '[]',
    '"text"',
    { ...good, properties: {} },
    { ...good, properties: undefined },
    { ...good, properties: { ...properties, delivery_info: {} } },
    { ...good, body: base64('{"jsonrpc":') },
    { ...good, body: base64('') },
    { ...good, 'content-type': 'application/x-python-serialize' },
    { ...good, 'content-type': 'application/x-yaml' },
    { ...good, 'content-type': 'application/x-msgpack' },
    { ...good, headers: { compression: 'application/x-bz2' } },
    { ...good, properties: { ...properties, delivery_info: { ...where, routing_key: 'nodot' } } },
    { ...good, body: base64('{"jsonrpc":"2.0","method":"other"}') },
  ]

  test('everything at which kombu fails leaves a service as it was', async () => {
    const send = async (): Promise<void> => {
      for (const one of [...odd, ...readable])
        await server.client.lpush(queue.name, typeof one === 'string' ? one : JSON.stringify(one))
    }
    await survives(server.url, { send, readable: readable.length, odd: odd.length })
    const keys = await server.client.keys('*')
    assert.deepEqual(keys.sort(), ['_kombu.binding.commissaire', 'robust.dead'])
  })
})

describe.skipIf(!haveRabbitMq)('on RabbitMQ', { timeout: 60_000 }, () => {
  let node: ErlangNode
  beforeAll(async () => {
    node = await ErlangNode.start()
  }, 150_000)
  afterAll(() => node.remove())

  const key = { exchange: 'commissaire', routingKey: 'robust.add' }
  const json: Envelope = { ...key, contentType: 'application/json', contentEncoding: 'utf-8' }
  const readable: [Envelope, string | Buffer][] = [
    [json, note],
    [{ ...key, contentType: 'application/json' }, note],
    [{ ...key, contentType: 'text/plain' }, note],
    [key, note],
    [{ ...json, headers: { deep: { a: [1, null] }, number: 5 }, priority: 9, correlationId: 'x' }, note],
    [{ ...json, headers: { compression: 'application/x-gzip' } }, deflateSync(note)],
  ]
  const odd: [Envelope, string | Buffer][] = [
    [json, '{"jsonrpc":'],
    [json, ''],
    [json, Buffer.from([0xff, 0xfe, 0x00])],
    [{ ...json, contentType: 'application/x-python-serialize' }, 'cos\nsystem'],
    [{ ...json, contentType: 'application/x-yaml' }, 'a: 1'],
    [{ ...json, contentType: 'application/x-msgpack' }, '\u0001'],
    [{ ...json, headers: { compression: 'application/x-bz2' } }, note],
    [{ ...json, headers: { compression: 'application/x-gzip' } }, 'not packed'],
    [{ ...json, exchange: '', routingKey: queue.name }, note],
    [json, '{"jsonrpc":"2.0","method":"other"}'],
  ]

  test('everything at which kombu fails leaves a service as it was', async () => {
    const url = urlOf(node, '/')
    const send = async (): Promise<void> => {
      const sender = new Connection(url)
      const channel = await sender.acquire()
      await channel.confirmSelect()
      for (const [envelope, body] of [...odd, ...readable])
        await channel.basicPublish(envelope, Buffer.from(body))
      await channel.close()
      await sender.close()
    }
    await survives(url, { send, readable: readable.length, odd: odd.length })
    assert.deepEqual(await inventory(node, '/'), [
      'exchange commissaire',
      'queue robust 0',
      `queue robust.dead ${odd.length}`,
    ])
  })

  test('a reply to a deleted queue is dropped, and the service continues', async () => {
    await using bus = await connect(urlOf(node, '/'), { log: silent })
    await bus.serve(queue, { handler: () => 'well' })
    const sender = new Connection(urlOf(node, '/'))
    const publisher = sender.createPublisher({ confirm: true })
    await publisher.send({ ...json, replyTo: 'response-gone' }, Buffer.from(call))
    await publisher.close()
    await sender.close()
    assert.equal(await bus.request('robust.add', [1]), 'well')
  })
})
