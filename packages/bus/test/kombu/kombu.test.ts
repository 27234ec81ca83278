/** Calls to and from unmodified kombu, which also restores the messages of a dead process of the bus. */

import { haveRedis, RedisServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import { connect } from '../../src/index.ts'
import { eventually } from '../../src/testing/eventually.ts'
import { silent } from '../../src/testing/expect.ts'
import { answerPython, askPython, handler } from './kombu-peers.ts'
import { haveKombu, run } from './python.ts'
import { takeAndDie } from '../brokers/redis-world.ts'

/** Returns the keys that are not kombu's own bindings: the bus must remove all of them. */
function ours(keys: string[]): string[] {
  return keys.filter((key) => !key.startsWith('_kombu.binding.'))
}

describe.skipIf(!haveRedis || !haveKombu)('kombu on Redis', { timeout: 180_000 }, () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  beforeEach(async () => {
    await server.client.flushall()
  })
  afterAll(() => server.remove())

  test('a thousand calls from Python are answered once each, and the bus leaves nothing behind', async () => {
    await answerPython(server.url)
    assert.deepEqual(ours(await server.client.keys('*')), [])
  })

  test('a Python service answers a thousand calls on one reply queue, and nothing is left behind', async () => {
    await askPython(server.url)
    assert.deepEqual(await server.client.keys('*'), ['_kombu.binding.commissaire'])
  })

  test('kombu restores the message of a dead process of the bus to its queue, marked as redelivered', async () => {
    await using bus = await connect(server.url, { visibility: 60_000, log: silent })
    await (await bus.serve({ name: 'mortal', routingKeys: ['mortal.*'] }, { handler })).stop()
    const answer = bus.request('mortal.add', [1, 2], { timeout: 25_000 })
    await takeAndDie(server.url, 'mortal')
    await eventually('kombu has restored it', async () => {
      await run('kombu_restore', server.url)
      return (await server.client.llen('mortal')) === 1
    })
    assert.deepEqual(await server.client.keys('unacked*'), [])
    const marks: unknown[] = []
    await bus.serve(
      { name: 'mortal', routingKeys: ['mortal.*'] },
      {
        handler: (message) => (
          marks.push([message.redelivered, message.headers['attempts']]),
          handler(message)
        ),
      },
    )
    assert.equal(await answer, 3)
    // Ours would have counted the attempt.
    assert.deepEqual(marks, [[true, undefined]])
    await bus.close()
  })

  test('the bus does not restore claims of kombu', async () => {
    await using bus = await connect(server.url, { visibility: 100, log: silent })
    await bus.serve({ name: 'simple', routingKeys: ['simple.*'] }, { handler })
    await server.client.hset('unacked', 'theirs', '[{"body":""},"commissaire","simple.add"]')
    await server.client.zadd('unacked_index', 1, 'theirs')
    for (let turn = 0; turn < 10; turn++) await bus.request('simple.add', [1, 2])
    await eventually('some sweeps have passed', async () => {
      const stats = await server.client.info('commandstats')
      return Number(/cmdstat_zrangebyscore:calls=(\d+)/.exec(stats)?.[1] ?? 0) > 5
    })
    assert.deepEqual(await server.client.hkeys('unacked'), ['theirs'])
    await bus.close()
  })
})
