/** Checks of broadcasts. */

import assert from 'node:assert/strict'
import { eventually } from './eventually.ts'
import type { Check } from './check.ts'

const transient = { persistent: false }

/** Transient messages reach all listeners, in addition to the queues that are bound. */
export const broadcasts: Record<string, Check> = {
  async 'every matching listener receives a transient message, once and in order'(make) {
    await using world = await make()
    await using sender = await world.connect()
    await using one = await world.connect()
    await using two = await world.connect()
    const received: Record<string, unknown[]> = { one: [], two: [], sender: [] }
    const record = (name: string) => ({
      onBroadcast: ({ body }: { body: unknown }) => void received[name]?.push(body),
    })
    one.listen(['news.#', 'news.*'], record('one'))
    two.listen(['news.rain'], record('two'))
    sender.listen(['news.sport'], record('sender'))
    await sender.publish('news.sport', { score: 1 }, transient)
    await sender.publish('news.rain', 'plain\nwords', transient)
    await sender.publish('other.rain', 'nothing', transient)
    await sender.publish('news.kept', 'kept', { persistent: true })
    await sender.publish('news.rain', { last: true }, transient)
    await eventually(
      'all have received them',
      () => received['one']?.length === 3 && received['two']?.length === 2,
    )
    assert.deepEqual(received, {
      one: [{ score: 1 }, 'plain\nwords', { last: true }],
      two: ['plain\nwords', { last: true }],
      sender: [{ score: 1 }],
    })
  },

  async 'a disposed listener receives nothing, and nothing is left behind'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const before = (await world.inventory?.()) ?? []
    const received: string[] = []
    const first = bus.listen(['news.*'], { onBroadcast: ({ routingKey }) => void received.push(routingKey) })
    bus.listen(['news.*'], { onBroadcast: ({ routingKey }) => void received.push(`second ${routingKey}`) })
    await bus.publish('news.one', '', transient)
    await eventually('both have received it', () => received.length === 2)
    first[Symbol.dispose]()
    await bus.publish('news.two', '', transient)
    await eventually('the other has received it', () => received.length === 3)
    assert.deepEqual(received, ['news.one', 'second news.one', 'second news.two'])
    assert.deepEqual((await world.inventory?.()) ?? [], before)
  },
}
