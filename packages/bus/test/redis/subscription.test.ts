/** What happens when Redis does not let a process subscribe to broadcasts. */

import { haveRedis, RedisServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { connect } from '../../src/index.ts'
import { eventually } from '../../src/testing/eventually.ts'
import { silent } from '../../src/testing/expect.ts'

describe.skipIf(!haveRedis)('a user that may not subscribe', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.remove())

  const setUser = (channels: string): Promise<unknown> =>
    server.client.call('ACL', 'SETUSER', 'anna', 'on', '>secret', '~*', 'resetchannels', channels, '+@all')
  const url = (): string => server.url.replace('//', '//anna:secret@')

  test('is refused with what to do when it connects', async () => {
    await setUser('&other')
    await assert.rejects(connect(url(), { log: silent }), {
      name: 'ConnectionLost',
      message: /refused.*_commissaire\.all\.commissaire.*allowed to subscribe/,
    })
  })

  test('is logged when the permission is withdrawn later, and calls continue', async () => {
    await setUser('&*')
    const errors: object[] = []
    await using bus = await connect(url(), {
      log: { ...silent, error: (facts) => void errors.push(facts) },
    })
    await bus.serve({ name: 'simple', routingKeys: ['simple.*'] }, { handler: () => 'here' })
    // Redis disconnects the subscribers that this no longer allows.
    await setUser('&other')
    await eventually('the refusal is logged', () => errors.length > 0)
    assert.match(JSON.stringify(errors[0]), /_commissaire\.all\.commissaire/)
    await eventually('the bus is connected again', () => bus.state === 'connected')
    assert.equal(await bus.request('simple.ask'), 'here')
  })
})
