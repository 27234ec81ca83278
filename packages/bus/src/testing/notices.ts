/** Checks of what is said to all and kept by nobody. */

import assert from 'node:assert/strict'
import { eventually } from './eventually.ts'
import type { Check } from '../testing.ts'

const transient = { persistent: false }

/** Transient messages reach who listens, besides the queues they reach anyway. */
export const notices: Record<string, Check> = {
  async 'a transient message is heard by all who listen for it, each once and in order'(make) {
    await using world = await make()
    await using speaker = await world.connect()
    await using one = await world.connect()
    await using two = await world.connect()
    const heard: Record<string, unknown[]> = { one: [], two: [], speaker: [] }
    const hear = (name: string) => ({
      onNotice: ({ body }: { body: unknown }) => void heard[name]?.push(body),
    })
    one.listen(['news.#', 'news.*'], hear('one'))
    two.listen(['news.rain'], hear('two'))
    speaker.listen(['news.sport'], hear('speaker'))
    await speaker.publish('news.sport', { score: 1 }, transient)
    await speaker.publish('news.rain', 'plain\nwords', transient)
    await speaker.publish('other.rain', 'nothing', transient)
    await speaker.publish('news.kept', 'kept', { persistent: true })
    await speaker.publish('news.rain', { last: true }, transient)
    await eventually('all have heard', () => heard['one']?.length === 3 && heard['two']?.length === 2)
    assert.deepEqual(heard, {
      one: [{ score: 1 }, 'plain\nwords', { last: true }],
      two: ['plain\nwords', { last: true }],
      speaker: [{ score: 1 }],
    })
  },

  async 'who has stopped listening hears nothing, and nothing is left behind'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const before = (await world.inventory?.()) ?? []
    const heard: string[] = []
    const first = bus.listen(['news.*'], { onNotice: ({ routingKey }) => void heard.push(routingKey) })
    bus.listen(['news.*'], { onNotice: ({ routingKey }) => void heard.push(`second ${routingKey}`) })
    await bus.publish('news.one', '', transient)
    await eventually('both have heard', () => heard.length === 2)
    first[Symbol.dispose]()
    await bus.publish('news.two', '', transient)
    await eventually('the other has heard', () => heard.length === 3)
    assert.deepEqual(heard, ['news.one', 'second news.one', 'second news.two'])
    assert.deepEqual((await world.inventory?.()) ?? [], before)
  },
}
