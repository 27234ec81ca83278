/** Checks that need a broker that dies and comes back. */

import assert from 'node:assert/strict'
import { BusError } from '../errors.ts'
import type { Check } from '../testing.ts'
import { silent } from './calls.ts'
import { eventually, signalled } from './eventually.ts'

const queue = { name: 'lasting', routingKeys: ['lasting.*'] }

/** Point 10 of what a bus promises. */
export const broker: Record<string, Check> = {
  async 'callers and consumers go on when the broker comes back'(make) {
    await using world = await make()
    await using service = await world.connect({ log: silent })
    await using caller = await world.connect({ log: silent })
    await service.serve(queue, { handler: () => 'here' })
    assert.equal(await caller.request('lasting.ask'), 'here')
    await world.stopBroker?.()
    await eventually('the loss is seen', () => caller.state === 'disconnected')
    const early = caller.request('lasting.ask', [], { timeout: 60_000 })
    await world.startBroker?.()
    assert.equal(await early, 'here')
    assert.equal(await caller.request('lasting.ask', [], { timeout: 60_000 }), 'here')
    assert.equal(caller.state, 'connected')
  },

  async 'who listens is told that something may have been missed, and hears what comes then'(make) {
    await using world = await make()
    await using listener = await world.connect({ log: silent })
    await using speaker = await world.connect({ log: silent })
    const heard: unknown[] = []
    let missed = 0
    listener.listen(['lasting.*'], {
      onNotice: ({ body }) => void heard.push(body),
      onMissed: () => void missed++,
    })
    await world.stopBroker?.()
    await eventually('the loss is seen', () => listener.state === 'disconnected')
    await world.startBroker?.()
    await eventually('it is told', () => missed > 0, { within: 60_000 })
    await eventually('the speaker is back', () => speaker.state === 'connected', { within: 60_000 })
    await speaker.publish('lasting.news', 'after', { persistent: false })
    await eventually('it is heard', () => heard.length > 0)
    assert.deepEqual(heard, ['after'])
  },

  async 'close() ends also while the broker is away'(make) {
    await using world = await make()
    const bus = await world.connect({ log: silent })
    const gate = signalled()
    const started = signalled()
    await bus.serve(queue, { handler: () => (started.resolve(), gate.promise) })
    const answer = bus.request('lasting.wait').catch((error: unknown) => error)
    await started.promise
    await world.stopBroker?.()
    await eventually('the loss is seen', () => bus.state === 'disconnected')
    gate.resolve()
    await bus.close()
    assert.equal(bus.state, 'closed')
    assert.ok((await answer) instanceof BusError)
  },

  async 'a request in flight while the broker dies is answered once or rejects by its deadline'(make) {
    await using world = await make()
    await using service = await world.connect({ log: silent, visibility: 900 })
    await using caller = await world.connect({ log: silent })
    await service.serve(queue, {
      handler: async ({ params }) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        return params
      },
    })
    const ending = new AbortController()
    const outcomes: unknown[] = []
    const work = async (): Promise<void> => {
      for (let index = 0; !ending.signal.aborted; index++) {
        const outcome: unknown = await caller
          .request('lasting.work', [index], { timeout: 4_000 })
          .catch((error: unknown) => error)
        if (!(outcome instanceof BusError)) assert.deepEqual(outcome, [index])
        outcomes.push(outcome)
      }
    }
    const workers = Promise.all(Array.from({ length: 20 }, work))
    await eventually('calls are answered', () => outcomes.length > 100)
    await world.stopBroker?.()
    await world.startBroker?.()
    const then = outcomes.length
    await eventually(
      'calls are answered again',
      () => outcomes.slice(then).some((one) => Array.isArray(one)),
      { within: 60_000 },
    )
    ending.abort()
    await workers
    const names = new Set(outcomes.flatMap((one) => (one instanceof BusError ? [one.name] : [])))
    for (const name of names)
      assert.ok(['Timeout', 'ConnectionLost'].includes(name), `a call failed with ${name}`)
  },
}
