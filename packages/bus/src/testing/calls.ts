/** Checks of requests and their answers, from the caller's side. */

import assert from 'node:assert/strict'
import { BusError } from '../errors.ts'
import type { Message } from '../message.ts'
import type { Check } from './check.ts'
import { deferred, eventually } from './eventually.ts'
import { rejects, silent } from './expect.ts'

const queue = { name: 'simple', routingKeys: ['simple.*'] }

/** Requests are answered, fail, time out and are cancelled; roll calls are answered. */
export const calls: Record<string, Check> = {
  async 'every process of the exchange answers a roll call, and it leaves nothing behind'(make) {
    await using world = await make()
    await using caller = await world.connect()
    await using one = await world.connect()
    await using two = await world.connect()
    await using elsewhere = await world.connect({ exchange: 'elsewhere' })
    const before = await world.inventory?.()
    one.answerRollCalls(() => ({ who: 'one' }))[Symbol.dispose]()
    for (const who of ['two', 'three']) two.answerRollCalls(() => who)
    caller.answerRollCalls(() => 'caller')
    elsewhere.answerRollCalls(() => 'elsewhere')
    const answers = await caller.rollCall({ timeout: 700 })
    assert.deepEqual(answers.map(String).sort(), ['caller', 'three', 'two'])
    assert.deepEqual(await world.inventory?.(), before)
  },

  async 'a request resolves with the result'(make) {
    await using world = await make()
    await using service = await world.connect()
    await using caller = await world.connect()
    await service.serve(queue, { handler: ({ params }) => ({ got: params, text: 'ŝĉ ✓ 😀' }) })
    assert.deepEqual(await caller.request('simple.add', [1, 2]), { got: [1, 2], text: 'ŝĉ ✓ 😀' })
    assert.deepEqual(await caller.request('simple.add', { x: 1 }), { got: { x: 1 }, text: 'ŝĉ ✓ 😀' })
  },

  async 'a method that returns nothing is answered with null'(make) {
    await using world = await make()
    await using bus = await world.connect()
    await bus.serve(queue, { handler: () => undefined })
    assert.equal(await bus.request('simple.nothing'), null)
  },

  async 'an error keeps message, code and data on its way'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const errors = [
      new BusError('StorageLookup', 'no such host', { data: { model: 'Host' } }),
      new BusError('RemoteError', 'made up elsewhere', { code: 12_345 }),
      new RangeError('too much'),
    ]
    await bus.serve(queue, {
      handler: ({ params }) => {
        throw errors[Array.isArray(params) ? Number(params[0]) : 0] ?? new Error('no such error')
      },
    })
    const facts = { model: 'Host', exception: 'StorageLookup' }
    await rejects(bus.request('simple.fail', [0]), {
      name: 'StorageLookup',
      code: -20_000,
      message: 'no such host',
      data: facts,
    })
    await rejects(bus.request('simple.fail', [1]), {
      name: 'RemoteError',
      code: 12_345,
      message: 'made up elsewhere',
    })
    const range = { exception: 'RangeError' }
    await rejects(bus.request('simple.fail', [2]), {
      name: 'InternalError',
      code: -32_603,
      message: 'too much',
      data: range,
    })
  },

  async 'thousands of requests in flight each get their own answer'(make) {
    await using world = await make()
    await using service = await world.connect()
    await using caller = await world.connect()
    await service.serve(queue, { prefetch: 50, handler: ({ params }) => params })
    const numbers = Array.from({ length: 3_000 }, (_, index) => index)
    const answers = await Promise.all(
      numbers.map((number) => caller.request('simple.echo', [number], { timeout: 60_000 })),
    )
    assert.deepEqual(
      answers,
      numbers.map((number) => [number]),
    )
  },

  async 'a request that no queue is bound to fails at once'(make) {
    await using world = await make()
    await using bus = await world.connect()
    await rejects(bus.request('nobody.there', [], { timeout: 60_000 }), { name: 'NobodyListens' })
  },

  async 'a request that is not answered in time rejects, and the signal of its handler is aborted'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const { promise: stopped, resolve } = deferred()
    await bus.serve(queue, { handler: (message) => untilAborted(message).then(resolve) })
    await rejects(bus.request('simple.slow', [], { timeout: 150 }), { name: 'Timeout' })
    await stopped
  },

  async 'a cancelled request rejects, and the signal of its handler is aborted'(make) {
    await using world = await make()
    await using service = await world.connect()
    await using caller = await world.connect()
    const started = deferred()
    const stopped = deferred<unknown>()
    await service.serve(queue, {
      handler: async (message) => {
        started.resolve()
        await untilAborted(message)
        stopped.resolve(message.signal.reason)
      },
    })
    const controller = new AbortController()
    const answer = rejects(caller.request('simple.slow', [], { signal: controller.signal }), {
      name: 'Cancelled',
    })
    await started.promise
    controller.abort()
    await answer
    const reason = await stopped.promise
    assert.ok(reason instanceof BusError && reason.name === 'Cancelled')
    await rejects(caller.request('simple.slow', [], { signal: controller.signal }), { name: 'Cancelled' })
  },

  async 'a cancelled request is not started'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const started: unknown[] = []
    const gate = deferred()
    await bus.serve(queue, {
      prefetch: 1,
      handler: async ({ params }) => {
        started.push(...(Array.isArray(params) ? params : []))
        await gate.promise
      },
    })
    const first = bus.request('simple.work', ['first'])
    await rejects(bus.request('simple.work', ['late'], { timeout: 100 }), { name: 'Timeout' })
    gate.resolve()
    await first
    await bus.request('simple.work', ['last'])
    assert.deepEqual(started, ['first', 'last'])
  },

  async 'a handler can reply before it ends'(make) {
    await using world = await make()
    await using bus = await world.connect()
    const gate = deferred()
    const ended = deferred()
    await bus.serve(queue, {
      handler: async (message) => {
        await message.reply('started')
        await gate.promise
        ended.resolve()
        return 'not sent'
      },
    })
    assert.equal(await bus.request('simple.start'), 'started')
    gate.resolve()
    await ended.promise
  },

  async 'a message that is not a valid call is answered with the right error'(make) {
    await using world = await make()
    await using bus = await world.connect({ log: silent })
    await bus.serve(queue, { handler: () => 'fine' })
    const answers: string[] = []
    const sender = await world.open((body) => answers.push(body))
    const send = (body: string, contentType = 'application/json'): Promise<unknown> =>
      sender.publish({ routingKey: 'simple.add', body, contentType, headers: {}, replyTo: sender.replyQueue })
    await send('{"jsonrpc":')
    await send('not json', 'text/plain')
    await send('{"jsonrpc":"2.0","id":"7","method":"other","params":[]}')
    await send('{"jsonrpc":"2.0","id":"8","method":5}')
    await send('cos\nsystem', 'application/x-python-serialize')
    await send('{"jsonrpc":"2.0","id":"9","method":"add"}', 'text/plain')
    await eventually('all are answered', () => answers.length === 6)
    const codes = answers.map((answer) => /"code":(-?\d+)/.exec(answer)?.[1] ?? 'none')
    assert.deepEqual(codes.toSorted(), ['-32600', '-32600', '-32600', '-32700', '-32700', 'none'])
    assert.equal(await bus.request('simple.add'), 'fine')
    await sender.close()
  },
}

async function untilAborted({ signal }: Message): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
}
