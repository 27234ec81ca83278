/** Checks that kill a process. */

import assert from 'node:assert/strict'
import type { Check } from './check.ts'
import { rejects, silent } from './expect.ts'
import { eventually } from './eventually.ts'

const queue = { name: 'mortal', routingKeys: ['mortal.*'] }
const fast = { visibility: 900, maxAttempts: 2, log: silent }

/** The messages of a dead process are redelivered, and set aside after too many deaths. */
export const crashes: Record<string, Check> = {
  async 'the message of a dead consumer is redelivered within seconds, and marked'(make) {
    await using world = await make()
    await using bus = await world.connect(fast)
    await (await bus.serve(queue, { handler: () => {} })).stop()
    const answer = bus.request('mortal.work', [], { timeout: 20_000 })
    await world.takeAndDie?.(queue.name)
    const died = Date.now()
    await bus.serve(queue, { handler: ({ redelivered }) => ({ redelivered }) })
    assert.deepEqual(await answer, { redelivered: true })
    assert.ok(Date.now() - died < 10_000, 'it took too long')
  },

  async 'a message whose consumers keep dying is set aside, and its caller gets an error'(make) {
    await using world = await make()
    await using bus = await world.connect(fast)
    await (await bus.serve(queue, { handler: () => {} })).stop()
    const answer = rejects(bus.request('mortal.poison', [1], { timeout: 20_000 }), { name: 'Abandoned' })
    await world.takeAndDie?.(queue.name)
    await world.takeAndDie?.(queue.name)
    await answer
    const [dead] = await bus.dead.list(queue.name, 10)
    assert.equal(dead?.attempts, 2)
    assert.match(dead?.reason ?? '', /2 processes died/)
    let replayed = false
    await bus.serve(queue, { handler: () => void (replayed = true) })
    assert.equal(await bus.dead.replay(queue.name, dead?.id ?? ''), true)
    await eventually('the replayed message is handled', () => replayed)
  },

  async 'the message of a slow handler is not delivered to another'(make) {
    await using world = await make()
    await using one = await world.connect(fast)
    await using two = await world.connect(fast)
    let runs = 0
    const handler = async (): Promise<string> => {
      runs++
      await new Promise((resolve) => setTimeout(resolve, fast.visibility * 3))
      return 'done'
    }
    for (const bus of [one, two]) await bus.serve(queue, { handler })
    assert.equal(await one.request('mortal.long', [], { timeout: 20_000 }), 'done')
    assert.equal(runs, 1)
  },
}
