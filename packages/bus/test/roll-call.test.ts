/** Who is there, over memory and over a real Redis, of which nothing stays. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'vitest'
import { connect } from '../src/index.ts'
import { hasRedis, startRedis } from '../../service/test/redis-server.ts'

async function check(url: string): Promise<void> {
  await using caller = await connect(url)
  await using one = await connect(url)
  await using two = await connect(url)
  await using elsewhere = await connect(url, { exchange: 'other' })
  await using silent = await connect(url)
  const gone = one.answerRollCalls(() => ({ who: 'gone' }))
  gone[Symbol.dispose]()
  one.answerRollCalls(() => ({ who: 'one' }))
  two.answerRollCalls(() => ({ who: 'two' }))
  two.answerRollCalls(() => ({ who: 'three' }))
  elsewhere.answerRollCalls(() => ({ who: 'elsewhere' }))
  const answers = (await caller.rollCall({ timeout: 500 })) as { who: string }[]
  assert.deepEqual(answers.map(({ who }) => who).sort(), ['one', 'three', 'two'])
  assert.deepEqual(silent.state, 'connected')
  await assert.rejects(caller.rollCall({ signal: AbortSignal.abort(new Error('enough')) }), /enough/)
}

test('every process that has something to say answers, over memory', () => check(`memory://${randomUUID()}`))

describe.skipIf(!hasRedis())('over Redis', () => {
  test('every process that has something to say answers, and nothing stays', async () => {
    await using redis = await startRedis()
    await check(redis.url)
    const { Redis } = await import('ioredis')
    const client = new Redis(redis.url)
    const keys = await client.keys('*')
    client.disconnect()
    assert.deepEqual(keys, [])
  })
})
