/** Single messages that once jammed a queue on Redis. */

import { haveRedis, RedisServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { deadLetterLimits } from '../../src/edge/dead-letter-limits.ts'
import { eventually } from '../../src/testing/eventually.ts'
import { open } from '../../src/transports/redis.ts'
import { quietOptions } from '../brokers/quiet-options.ts'
import { isWell, serving } from './recorded.ts'

describe.skipIf(!haveRedis)('on Redis', { timeout: 60_000 }, () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.remove())

  const put = async (replyTo: string, headers: object = {}): Promise<void> => {
    const properties = {
      reply_to: replyTo,
      delivery_info: { exchange: 'commissaire', routing_key: 'hostile.ask' },
    }
    const call = '{"jsonrpc":"2.0","id":"1","method":"ask","params":[]}'
    await server.client.lpush(
      'hostile',
      JSON.stringify({ body: call, 'content-type': 'application/json', headers, properties }),
    )
  }

  const system = [
    'unacked',
    'unacked_index',
    'unacked_mutex',
    '_kombu.binding.commissaire',
    '_commissaire.leases.commissaire',
    'hostile',
    'hostile.dead',
    'hostile\u0006\u00163',
  ]
  for (const replyTo of system) {
    test(`a call that wants its answer on ${JSON.stringify(replyTo)} is set aside`, async () => {
      await server.client.flushall()
      await using bus = await serving(server.url)
      await put(replyTo)
      await eventually('it is set aside', async () => (await bus.dead.stats('hostile')).messages === 1)
      const [dead] = await bus.dead.list('hostile', 1)
      assert.match(dead?.reason ?? '', /cannot receive a reply/)
      await isWell(bus)
      assert.equal(await server.client.exists('unacked'), 0)
    })
  }

  test('a transport sends no reply to a key of the system', async () => {
    await using transport = await closing(open(new URL(server.url), quietOptions()))
    await assert.rejects(transport.it.reply({ queue: 'unacked', body: '{}' }), /cannot receive a reply/)
  })

  test('one reply queue that is no list fails alone', async () => {
    await server.client.flushall()
    await using bus = await serving(server.url)
    await server.client.set('response-taken', 'text')
    await put('response-taken')
    await isWell(bus)
    await eventually('no message is unsettled', async () => (await server.client.hlen('unacked')) === 0)
  })

  test('an envelope nested a hundred thousand deep is set aside as it is', async () => {
    await server.client.flushall()
    await using bus = await serving(server.url)
    await server.client.lpush('hostile', `{"headers":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
    await eventually('it is set aside', async () => (await bus.dead.stats('hostile')).messages === 1)
    await isWell(bus)
  })

  test('set-aside messages are bounded, the oldest are dropped and counted', async () => {
    await server.client.flushall()
    const filled = Array.from({ length: deadLetterLimits.messages }, (_, index) => `old ${index}`)
    await server.client.rpush('hostile.dead', ...filled)
    await using bus = await serving(server.url)
    await put('unacked')
    await eventually('it is counted', async () => (await bus.dead.stats('hostile')).dropped === 1)
    const { messages, bytes } = await bus.dead.stats('hostile')
    assert.equal(messages, deadLetterLimits.messages)
    assert.ok((bytes ?? 0) > 0)
    assert.equal(await server.client.lindex('hostile.dead', -1), `old ${deadLetterLimits.messages - 2}`)
  })
})

async function closing<T extends { close(): Promise<void> }>(
  opening: Promise<T>,
): Promise<AsyncDisposable & { it: T }> {
  const it = await opening
  return { it, [Symbol.asyncDispose]: () => it.close() }
}
