/** Checks that stop and start the broker. */

import assert from 'node:assert/strict'
import { BusError } from '../errors.ts'
import type { Check } from './check.ts'
import { silent } from './expect.ts'
import { eventually, deferred } from './eventually.ts'

const queue = { name: 'lasting', routingKeys: ['lasting.*'] }

/** Connections come back by themselves, and report their loss. */
export const reconnects: Record<string, Check> = {
  async 'callers and consumers continue when the broker is back'(make) {
    await using world = await make()
    await using service = await world.connect({ log: silent })
    await using caller = await world.connect({ log: silent })
    await service.serve(queue, { handler: () => 'here' })
    assert.equal(await caller.request('lasting.ask'), 'here')
    await world.stopBroker?.()
    await eventually('the loss is noticed', () => caller.state === 'disconnected')
    const early = caller.request('lasting.ask', [], { timeout: 60_000 })
    await world.startBroker?.()
    assert.equal(await early, 'here')
    assert.equal(await caller.request('lasting.ask', [], { timeout: 60_000 }), 'here')
    await eventually('the caller says that it is connected', () => caller.state === 'connected', {
      within: 60_000,
    })
  },

  async 'a listener learns that broadcasts may have been missed, and receives later ones'(make) {
    await using world = await make()
    await using listener = await world.connect({ log: silent })
    await using sender = await world.connect({ log: silent })
    const received: unknown[] = []
    let missed = 0
    listener.listen(['lasting.*'], {
      onBroadcast: ({ body }) => void received.push(body),
      onMissed: () => void missed++,
    })
    await world.stopBroker?.()
    await eventually('the loss is noticed', () => listener.state === 'disconnected')
    await world.startBroker?.()
    await eventually('the listener is told', () => missed > 0, { within: 60_000 })
    await eventually('the sender is connected again', () => sender.state === 'connected', { within: 60_000 })
    await sender.publish('lasting.news', 'after', { persistent: false })
    await eventually('it is received', () => received.length > 0)
    assert.deepEqual(received, ['after'])
  },

  async 'the loss of the broker is logged once with its cause, and so is its return'(make) {
    await using world = await make()
    const logged: string[] = []
    const note = (facts: object, sentence: string): void => {
      if (!sentence.includes('the connection to the broker') && !sentence.includes('to the broker again'))
        return
      const hasCause = 'err' in facts && facts.err instanceof Error && facts.err.message !== ''
      logged.push(`${sentence}${hasCause ? ' (with its cause)' : ''}`)
    }
    await using bus = await world.connect({ log: { ...silent, warn: note, info: note } })
    await bus.serve(queue, { handler: () => 'here' })
    await world.stopBroker?.()
    await eventually('the loss is noticed', () => bus.state === 'disconnected')
    await world.startBroker?.()
    await eventually('the bus is connected again', () => bus.state === 'connected', { within: 60_000 })
    assert.equal(await bus.request('lasting.ask', [], { timeout: 60_000 }), 'here')
    assert.deepEqual(logged, [
      'lost the connection to the broker; reconnecting (with its cause)',
      'connected to the broker again',
    ])
  },

  async 'close() ends while the broker is down'(make) {
    await using world = await make()
    const bus = await world.connect({ log: silent })
    const gate = deferred()
    const started = deferred()
    await bus.serve(queue, { handler: () => (started.resolve(), gate.promise) })
    const answer = bus.request('lasting.wait').catch((error: unknown) => error)
    await started.promise
    await world.stopBroker?.()
    await eventually('the loss is noticed', () => bus.state === 'disconnected')
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
