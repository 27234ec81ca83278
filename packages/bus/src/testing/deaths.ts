/** Checks that need a process to die. */

import assert from 'node:assert/strict'
import type { Check } from '../testing.ts'
import { rejects, silent } from './calls.ts'
import { eventually } from './eventually.ts'

const queue = { name: 'mortal', routingKeys: ['mortal.*'] }
const fast = { visibility: 900, maxAttempts: 2, log: silent }

/** Points 3 and 4 of what a bus promises. */
export const deaths: Record<string, Check> = {
  async 'the message of a consumer that died is delivered again, marked, within seconds'(make) {
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

  async 'a message that ends one process after the other is set aside, and its caller is told'(make) {
    await using world = await make()
    await using bus = await world.connect(fast)
    await (await bus.serve(queue, { handler: () => {} })).stop()
    const answer = rejects(bus.request('mortal.poison', [1], { timeout: 20_000 }), { name: 'Abandoned' })
    await world.takeAndDie?.(queue.name)
    await world.takeAndDie?.(queue.name)
    await answer
    const [dead] = await bus.dead.list(queue.name, 10)
    assert.equal(dead?.attempts, 2)
    assert.match(dead?.reason ?? '', /ended 2 processes/)
    let replayed = false
    await bus.serve(queue, { handler: () => void (replayed = true) })
    assert.equal(await bus.dead.replay(queue.name, dead?.id ?? ''), true)
    await eventually(
      'it is worked on again',
      async () => replayed || (await bus.dead.list(queue.name, 1)).length === 0,
    )
  },

  async 'the message of a handler that works long is not given to another'(make) {
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
