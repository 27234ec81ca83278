/** Checks of routing, order, prefetch and dead letters. */

import assert from 'node:assert/strict'
import { deferred, eventually } from './eventually.ts'
import type { Check } from './check.ts'
import { silent } from './expect.ts'

/** Messages reach the right queues and consumers, and unreadable ones become dead letters. */
export const delivery: Record<string, Check> = {
  async 'a notification reaches every queue whose key matches, each once'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const got: string[] = []
    const listen = (name: string, ...routingKeys: string[]): Promise<unknown> =>
      bus.serve({ name, routingKeys }, { handler: ({ method }) => void got.push(`${name} ${method}`) })
    await listen('one', 'news.*', 'news.#')
    await listen('two', 'news.sport')
    await listen('all', '#')
    await listen('none', 'other.*')
    await bus.notify('news.sport')
    await bus.notify('news.rain')
    await eventually('all have received them', () => got.length >= 5)
    assert.deepEqual(got.toSorted(), ['all rain', 'all sport', 'one rain', 'one sport', 'two sport'])
  },

  async 'of two consumers on one queue, exactly one gets the message'(make) {
    await using world = await make()
    await using one = await world.connect()
    await using two = await world.connect()
    const got: unknown[] = []
    const queue = { name: 'shared', routingKeys: ['shared.*'] }
    for (const bus of [one, two])
      await bus.serve(queue, { prefetch: 1, handler: ({ params }) => void got.push(params) })
    await Promise.all(Array.from({ length: 50 }, (_, index) => one.request('shared.work', [index])))
    assert.equal(got.length, 50)
    assert.equal(new Set(got.map(String)).size, 50)
  },

  async 'a queue without consumers keeps its messages, in order'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const queue = { name: 'patient', routingKeys: ['patient.*'] }
    const serving = await bus.serve(queue, { handler: () => {} })
    await serving.stop()
    for (let index = 0; index < 5; index++) await bus.notify('patient.wait', [index])
    const got: unknown[] = []
    await bus.serve(queue, { prefetch: 1, handler: ({ params }) => void got.push(params) })
    await eventually('all have arrived', () => got.length === 5)
    assert.deepEqual(got, [[0], [1], [2], [3], [4]])
  },

  async 'no more messages are handled at a time than prefetch allows'(make) {
    await using world = await make()
    await using bus = await world.connect()
    let now = 0
    let most = 0
    const gate = deferred()
    await bus.serve(
      { name: 'narrow', routingKeys: ['narrow.*'] },
      {
        prefetch: 3,
        handler: async () => {
          most = Math.max(most, ++now)
          await gate.promise
          now--
        },
      },
    )
    const answers = Promise.all(Array.from({ length: 20 }, () => bus.request('narrow.work')))
    await eventually('three are handled', () => now === 3)
    gate.resolve()
    await answers
    assert.equal(most, 3)
  },

  async 'a message that is not a call reaches the handler unchanged'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const got: unknown[] = []
    await bus.serve(
      { name: 'raw', routingKeys: ['raw.#'] },
      { handler: ({ body, method }) => void got.push([method, body]) },
    )
    await bus.publish('raw.record', { address: '10.0.0.1' })
    await bus.publish('raw.record', '{"address":"10.0.0.2"}')
    await bus.publish('raw.record', 'plain words', { persistent: false })
    await eventually('all have arrived', () => got.length === 3)
    assert.deepEqual(got, [
      [undefined, { address: '10.0.0.1' }],
      [undefined, { address: '10.0.0.2' }],
      [undefined, 'plain words'],
    ])
  },

  async 'an unreadable message without a reply queue is set aside, listed, replayed and dropped'(make) {
    await using world = await make()
    await using bus = await world.connect({ log: silent })
    let calls = 0
    await bus.serve({ name: 'odd', routingKeys: ['odd.*'] }, { handler: () => void calls++ })
    const sender = await world.open()
    await sender.publish({
      routingKey: 'odd.one',
      body: '{"jsonrpc":',
      contentType: 'application/json',
      headers: {},
    })
    await eventually('the message is set aside', async () => (await bus.dead.list('odd', 10)).length === 1)
    const [first] = await bus.dead.list('odd', 10)
    assert.match(first?.reason ?? '', /ParseError/)
    assert.equal(first?.body, '{"jsonrpc":')
    assert.equal(first?.routingKey, 'odd.one')
    assert.equal(await bus.dead.replay('odd', first?.id ?? ''), true)
    await eventually('the message is set aside again', async () => {
      const [second] = await bus.dead.list('odd', 10)
      return second !== undefined && second.id !== first?.id
    })
    const [second] = await bus.dead.list('odd', 10)
    assert.equal(await bus.dead.drop('odd', second?.id ?? ''), true)
    assert.equal(await bus.dead.drop('odd', second?.id ?? ''), false)
    assert.deepEqual(await bus.dead.list('odd', 10), [])
    await bus.notify('odd.two')
    await eventually('the service has handled the next message', () => calls === 1)
    await sender.close()
  },

  async 'the error of a notification is logged, and the service continues'(make) {
    await using world = await make()
    const logged: object[] = []
    await using bus = await world.connect({ log: { ...silent, error: (facts) => void logged.push(facts) } })
    await bus.serve(
      { name: 'grumpy', routingKeys: ['grumpy.*'] },
      {
        handler: ({ method }) => {
          if (method === 'fail') throw new Error('not today')
          return 'well'
        },
      },
    )
    await bus.notify('grumpy.fail')
    assert.equal(await bus.request('grumpy.ask'), 'well')
    await eventually('the error is logged', () => logged.length === 1)
  },
}
