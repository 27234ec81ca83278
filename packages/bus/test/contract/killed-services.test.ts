/** Many calls to services that are killed repeatedly while they handle them. */

import { haveRedis, RedisServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'
import { connect } from '../../src/index.ts'
import { silent } from '../../src/testing/expect.ts'
import { eventually } from '../../src/testing/eventually.ts'

const program = fileURLToPath(new URL('../fixtures/slow-adder.ts', import.meta.url))

async function start(url: string): Promise<ChildProcess> {
  const child = fork(program, [url], { execArgv: ['--conditions=@commissaire/source'] })
  await once(child, 'message')
  return child
}

describe.skipIf(!haveRedis)('services that are killed', { timeout: 120_000 }, () => {
  test('lose no call, and answer none twice', async () => {
    const server = await RedisServer.start()
    const replies = new Map<number, number>()
    try {
      await using bus = await connect(server.url, {
        log: { ...silent, debug: countLate },
        requestTimeout: 100_000,
      })
      let services = await Promise.all([start(server.url), start(server.url)])
      let next = 0
      const worker = async (): Promise<void> => {
        while (next < 600) {
          const number = next++
          assert.equal(await bus.request('adder.next', [number]), number + 1)
          replies.set(number, (replies.get(number) ?? 0) + 1)
        }
      }
      const all = Promise.all(Array.from({ length: 20 }, worker))
      for (let kills = 1; kills <= 3; kills++) {
        await eventually('calls are answered', () => replies.size >= kills * 100, { within: 60_000 })
        for (const service of services) service.kill('SIGKILL')
        services = await Promise.all([start(server.url), start(server.url)])
      }
      await all
      assert.equal(replies.size, 600)
      assert.equal(late, 0)
      await eventually(
        'no message is unsettled',
        async () => (await server.client.keys('*unacked*')).length === 0,
      )
      for (const service of services) service.kill('SIGKILL')
    } finally {
      await server.remove()
    }
  })
})

let late = 0

/** Counts answers to requests that are not pending: each is a second answer. */
function countLate(_facts: object, sentence: string): void {
  if (sentence.includes('is not pending')) late++
}
