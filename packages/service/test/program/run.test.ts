import { haveRedis, RedisServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type Bus, connect } from '@commissaire/bus'
import { Program } from './program.ts'

const file = join(import.meta.dirname, '../programs/single.ts')

describe.skipIf(!haveRedis)('a service in one process, over a real Redis', { timeout: 120_000 }, () => {
  let redis: RedisServer
  let bus: Bus

  beforeAll(async () => {
    redis = await RedisServer.start()
    bus = await connect(redis.url)
  })

  afterAll(async () => {
    await bus.close()
    await redis[Symbol.asyncDispose]()
  })

  const start = () => new Program(file, [], { environment: { COMMISSAIRE_BUS_URI: redis.url } })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} lets it finish what is in hand, then it ends`, async () => {
      await using program = start()
      await program.said('Single is running')
      const answer = bus.request('single.slow', [500])
      await program.said('slow has begun')
      program.signal(signal)
      assert.equal(await answer, 'slow is done')
      assert.deepEqual(await program.ended, { code: 0, signal: null })
    })
  }

  test('a second signal ends it at once, and the message goes to another', async () => {
    await using program = start()
    await program.said('Single is running')
    const answer = bus.request('single.slow', [3_000], { timeout: 60_000 })
    await program.said('slow has begun')
    program.signal('SIGTERM')
    program.signal('SIGINT')
    const { signal } = await program.ended
    assert.ok(signal === 'SIGINT' || signal === 'SIGTERM')
    await using other = start()
    await other.said('slow has begun')
    assert.equal(await answer, 'slow is done')
  })

  test('an unhandled rejection is logged, and the service goes on', async () => {
    await using program = start()
    await program.said('Single is running')
    assert.equal(await bus.request('single.reject'), 'fine')
    const line = await program.said('unhandled promise rejection')
    assert.match(JSON.stringify(line['err']), /an unhandled rejection/)
    assert.equal(await bus.request('single.ping'), 'pong')
  })
})
