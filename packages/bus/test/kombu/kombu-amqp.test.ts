/** Calls to and from unmodified kombu over RabbitMQ, on which the bus leaves nothing behind. */

import { ErlangNode, haveRabbitMq } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { answerPython, asked, askPython } from './kombu-peers.ts'
import { haveKombu } from './python.ts'
import { inventory, urlOf } from '../brokers/rabbitmq-world.ts'

describe.skipIf(!haveRabbitMq || !haveKombu)('kombu on RabbitMQ', { timeout: 180_000 }, () => {
  let node: ErlangNode
  beforeAll(async () => {
    node = await ErlangNode.start({ vhosts: ['calls', 'serves'] })
  }, 150_000)
  afterAll(() => node.remove())

  test('a thousand calls from Python are answered once each, and the bus leaves nothing behind', async () => {
    await answerPython(urlOf(node, 'calls'))
    const left = await inventory(node, 'calls')
    const theirs = left.filter((name) => name.startsWith('exchange response-'))
    // Python's own: it makes an exchange for each call, and never removes it.
    assert.equal(theirs.length, asked)
    assert.deepEqual(
      left.filter((name) => !theirs.includes(name)),
      ['exchange commissaire', 'queue simple 0'],
    )
  })

  test('a Python service answers a thousand calls on one reply queue, and nothing is left behind', async () => {
    await askPython(urlOf(node, 'serves'))
    assert.deepEqual(await inventory(node, 'serves'), ['exchange commissaire', 'queue python 0'])
  })
})
