/** Checks of stopping, closing and leftovers on the broker. */

import assert from 'node:assert/strict'
import type { Check } from './check.ts'
import { rejects, silent } from './expect.ts'
import { eventually, deferred } from './eventually.ts'

const queue = { name: 'simple', routingKeys: ['simple.*'] }

/** Handlers finish, messages move on, and nothing stays on the broker. */
export const closing: Record<string, Check> = {
  async 'close() lets the current message finish and sends its answer'(make) {
    await using world = await make()
    await using caller = await world.connect()
    const service = await world.connect()
    const started = deferred()
    const gate = deferred()
    await service.serve(queue, {
      handler: async () => {
        started.resolve()
        await gate.promise
        return 'finished'
      },
    })
    const answer = caller.request('simple.work')
    await started.promise
    const closing = service.close()
    gate.resolve()
    assert.equal(await answer, 'finished')
    await closing
    await service.close()
    assert.equal(service.state, 'closed')
  },

  async 'a stopped consumer takes no further messages, and another continues'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const first = await bus.serve(queue, { handler: () => 'first' })
    assert.equal(await bus.request('simple.who'), 'first')
    await first.stop()
    const answer = bus.request('simple.who')
    await bus.serve(queue, { handler: () => 'second' })
    assert.equal(await answer, 'second')
  },

  async 'the message of a handler that does not end in time goes to another process'(make) {
    await using world = await make()
    await using caller = await world.connect()
    await using stubborn = await world.connect({ log: silent })
    await using willing = await world.connect()
    const started = deferred()
    const serving = await stubborn.serve(queue, {
      prefetch: 1,
      handler: () => {
        started.resolve()
        return new Promise(() => {})
      },
    })
    const answer = caller.request('simple.work', [])
    await started.promise
    await serving.stop({ timeout: 50 })
    await willing.serve(queue, { handler: ({ redelivered }) => (redelivered ? 'taken over' : 'new') })
    assert.equal(await answer, 'taken over')
  },

  async 'a pending request is rejected when its connection closes'(make) {
    await using world = await make()
    await using service = await world.connect()
    const started = deferred()
    const gate = deferred()
    await service.serve(queue, { handler: () => (started.resolve(), gate.promise) })
    const caller = await world.connect()
    const answer = rejects(caller.request('simple.work'), { name: 'ConnectionLost' })
    await started.promise
    await caller.close()
    await answer
    await rejects(caller.request('simple.work'), { name: 'ConnectionLost' })
    gate.resolve()
  },

  async 'nothing is left behind, not even after a timeout'(make) {
    await using world = await make()
    const inventory = async (): Promise<string[]> => (await world.inventory?.()) ?? []
    const service = await world.connect()
    const caller = await world.connect()
    const gate = deferred()
    await service.serve(queue, { handler: ({ method }) => (method === 'slow' ? gate.promise : 'done') })
    const before = await inventory()
    await Promise.all(Array.from({ length: 300 }, () => caller.request('simple.work')))
    await rejects(caller.request('simple.slow', [], { timeout: 50 }), { name: 'Timeout' })
    gate.resolve()
    await eventually('all messages are settled', async () => (await inventory()).join() === before.join())
    await caller.close()
    await service.close()
    assert.deepEqual(
      (await inventory()).filter((name) => !before.includes(name)),
      [],
    )
  },
}
