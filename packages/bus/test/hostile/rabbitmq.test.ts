/** Single messages that once ended a service on RabbitMQ, or jammed its queue. */

import { ErlangNode, haveRabbitMq } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { Connection, type Envelope } from 'rabbitmq-client'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { eventually } from '../../src/testing/eventually.ts'
import { takeAndDie } from '../brokers/redis-world.ts'
import { urlOf } from '../brokers/rabbitmq-world.ts'
import { isWell, serving } from './recorded.ts'

const key = { exchange: 'commissaire', routingKey: 'hostile.ask' }

describe.skipIf(!haveRabbitMq)('on RabbitMQ', { timeout: 60_000 }, () => {
  let node: ErlangNode
  beforeAll(async () => {
    node = await ErlangNode.start()
  }, 150_000)
  afterAll(() => node.remove())

  const send = async (envelope: Envelope, body: Buffer): Promise<void> => {
    const sender = new Connection({ url: urlOf(node, '/'), frameMax: 131_072 })
    sender.on('error', () => {})
    const publisher = sender.createPublisher({ confirm: true })
    await publisher.send(envelope, body)
    await publisher.close()
    await sender.close()
  }
  const setAside = async (bus: Awaited<ReturnType<typeof serving>>, reason: RegExp): Promise<void> => {
    await eventually('it is set aside', async () => (await bus.dead.stats('hostile')).messages > 0)
    const [dead] = await bus.dead.list('hostile', 1)
    assert.match(dead?.reason ?? '', reason)
    await bus.dead.drop('hostile', dead?.id ?? '')
    await isWell(bus)
  }

  for (const depth of [3_000, 5_000, 100_000]) {
    test(`a body nested ${depth} deep, labelled JSON without an encoding, is set aside`, async () => {
      await using bus = await serving(urlOf(node, '/'))
      await send(
        { ...key, contentType: 'application/json' },
        Buffer.from('['.repeat(depth) + ']'.repeat(depth)),
      )
      await setAside(bus, /at most 512 levels/)
    })
  }

  for (const attempts of ['1e400', '-5', '99999', 'NaN']) {
    test(`a message with the header attempts ${attempts} whose process dies is delivered again, and done`, async () => {
      await (await serving(urlOf(node, '/'))).close()
      await send(
        { ...key, headers: { attempts }, contentType: 'application/json' },
        Buffer.from('{"jsonrpc":"2.0","method":"ask"}'),
      )
      await takeAndDie(urlOf(node, '/'), 'hostile')
      await using bus = await serving(urlOf(node, '/'))
      await isWell(bus)
      const left = () =>
        node.evaluate('lists:sum([M || [{messages, M}] <- rabbit_amqqueue:info_all(<<"/">>, [messages])])')
      await eventually('nothing waits', async () => (await left()).includes('{ok, 0}'))
    })
  }

  test('headers nested thousands deep, and a wild table, are no reason to lose the connection', async () => {
    await using bus = await serving(urlOf(node, '/'))
    let deep: unknown = 'end'
    for (let level = 0; level < 2_000; level++) deep = [deep]
    const headers = { deep, table: { a: { b: [1.5, null, true] } }, attempts: 1e308, CC: [] }
    await send({ ...key, contentType: 'text/x-odd', headers }, Buffer.from('x'))
    await setAside(bus, /content type is "text\/x-odd"/)
    assert.equal(bus.state, 'connected')
  })

  test('an answer goes to no queue of the system', async () => {
    await using bus = await serving(urlOf(node, '/'))
    for (const replyTo of [
      'hostile',
      'hostile.dead',
      'hostile.retry',
      '_commissaire.all.commissaire',
      'amq.topic',
    ]) {
      await send(
        { ...key, replyTo, contentType: 'application/json' },
        Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ask"}'),
      )
      await setAside(bus, /cannot receive a reply/)
    }
  })
})
