/** Single messages that once jammed a queue on NATS. */

import { haveNats, NatsServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { jetstream } from '@nats-io/jetstream'
import { headers as emptyHeaders } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { deadLetterLimits } from '../../src/edge/dead-letter-limits.ts'
import { eventually } from '../../src/testing/eventually.ts'
import { Names } from '../../src/transports/nats/names.ts'
import { isWell, serving } from './recorded.ts'
import { lookAt } from '../brokers/nats-world.ts'

const names = new Names('commissaire')

describe.skipIf(!haveNats)('on NATS', { timeout: 60_000 }, () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server.remove())

  const put = (
    subject: string,
    body: string | Uint8Array,
    fields: Record<string, string>,
  ): Promise<unknown> =>
    lookAt(server, async (_streams, nats) => {
      const written = emptyHeaders()
      for (const [name, value] of Object.entries(fields)) written.append(name, value)
      return jetstream(nats).publish(subject, body, { headers: written })
    })
  const call = '{"jsonrpc":"2.0","id":"1","method":"ask","params":[]}'
  const ask = names.message('hostile', 'hostile.ask')

  test('a reply queue of 5,000 characters is refused before it becomes a subject', async () => {
    await using bus = await serving(server.url)
    await put(ask, call, { 'Commissaire-Reply-To': 'r'.repeat(5_000), 'Content-Type': 'application/json' })
    await eventually('it is set aside', async () => (await bus.dead.stats('hostile')).messages === 1)
    const [dead] = await bus.dead.list('hostile', 1)
    assert.match(dead?.reason ?? '', /at most 255 bytes are accepted, 5000 were found/)
    assert.equal(bus.state, 'connected')
    await isWell(bus)
  })

  test('a subject that no routing key has, and a message of the largest size, are set aside', async () => {
    await using bus = await serving(server.url)
    const { messages: before } = await bus.dead.stats('hostile')
    await put(`${ask.slice(0, ask.lastIndexOf('.'))}.=ZZ=`, call, {})
    const largest = 2 ** 20 - 1_000
    await put(ask, Buffer.alloc(largest, 0x78), { 'Content-Type': 'application/json' })
    await eventually(
      'both are set aside',
      async () => (await bus.dead.stats('hostile')).messages === before + 2,
    )
    const dead = await bus.dead.list('hostile', 2)
    assert.ok(
      dead.some(({ reason }) => /of its 1047576 bytes the first \d+ are kept/.test(reason)),
      JSON.stringify(dead.map(({ reason }) => reason)),
    )
    await isWell(bus)
  })

  test('set-aside messages have bounds on the server', async () => {
    await lookAt(server, async (streams) => {
      const { config } = await streams.streams.info(names.stream('hostile.dead'))
      assert.deepEqual(
        [config.max_msgs, config.max_bytes, config.discard],
        [deadLetterLimits.messages, deadLetterLimits.bytes, 'old'],
      )
    })
  })
})
