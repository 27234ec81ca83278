/** Checks of stopping, closing and what stays behind. */

import assert from 'node:assert/strict'
import type { Check } from '../testing.ts'
import { rejects, silent } from './calls.ts'
import { eventually, signalled } from './eventually.ts'

const queue = { name: 'simple', routingKeys: ['simple.*'] }

/** Points 2, 3 and 11 of what a bus promises. */
export const ends: Record<string, Check> = {
  async 'close() lets the current message finish and sends its answer'(make) {
    await using world = await make()
    await using caller = await world.connect()
    const service = await world.connect()
    const started = signalled()
    const gate = signalled()
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

  async 'a stopped consumer takes nothing more, and another goes on'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const first = await bus.serve(queue, { handler: () => 'first' })
    assert.equal(await bus.request('simple.who'), 'first')
    await first.stop()
    const answer = bus.request('simple.who')
    await bus.serve(queue, { handler: () => 'second' })
    assert.equal(await answer, 'second')
  },

  async 'a handler that does not end in time is told so, and its message goes to another'(make) {
    await using world = await make()
    await using caller = await world.connect()
    await using stubborn = await world.connect({ log: silent })
    await using willing = await world.connect()
    const started = signalled()
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

  async 'a request that is waiting when its connection closes is rejected'(make) {
    await using world = await make()
    await using service = await world.connect()
    const started = signalled()
    const gate = signalled()
    await service.serve(queue, { handler: () => (started.resolve(), gate.promise) })
    const caller = await world.connect()
    const answer = rejects(caller.request('simple.work'), { name: 'ConnectionLost' })
    await started.promise
    await caller.close()
    await answer
    await rejects(caller.request('simple.work'), { name: 'ConnectionLost' })
    gate.resolve()
  },

  async 'nothing is left behind, also after a time-out'(make) {
    await using world = await make()
    const inventory = async (): Promise<string[]> => (await world.inventory?.()) ?? []
    const service = await world.connect()
    const caller = await world.connect()
    const gate = signalled()
    await service.serve(queue, { handler: ({ method }) => (method === 'slow' ? gate.promise : 'done') })
    const before = await inventory()
    await Promise.all(Array.from({ length: 300 }, () => caller.request('simple.work')))
    await rejects(caller.request('simple.slow', [], { timeout: 50 }), { name: 'Timeout' })
    gate.resolve()
    await eventually('all is settled', async () => (await inventory()).join() === before.join())
    await caller.close()
    await service.close()
    assert.deepEqual(
      (await inventory()).filter((name) => !before.includes(name)),
      [],
    )
  },
}
