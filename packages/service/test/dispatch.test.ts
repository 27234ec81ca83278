import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'vitest'
import { z } from 'zod'
import {
  BusError,
  CommissaireService,
  type Message,
  type MethodHandlers,
  type MethodInput,
} from '../src/index.ts'
import { rejection, serve } from './over-memory.ts'

class NotImplementedError extends Error {}

class Simple extends CommissaireService {
  readonly on_field = () => 'a field'

  get on_getter(): () => string {
    return () => 'a getter'
  }

  on_add(_message: Message, x: number, y: number): number {
    return x + y
  }

  on_echo(_message: Message, words: unknown): unknown {
    return words
  }

  on_count(_message: Message, ...words: unknown[]): number {
    return words.length
  }

  on_greet(_message: Message, name: string, greeting = 'Hello'): string {
    return `${greeting}, ${name}`
  }

  on_whoami(message: Message): string {
    return `${this.constructor.name} ${message.routingKey} ${message.queue}`
  }

  on_nothing(): void {}

  on_fail(): never {
    throw new NotImplementedError('I was never created')
  }

  on_conflict(): never {
    throw new BusError('Conflict', 'somebody was faster', { data: { revision: '7' } })
  }

  on_throw_text(): never {
    // oxlint-disable-next-line no-throw-literal -- what libraries do
    throw 'a text'
  }

  hidden(): string {
    return 'hidden'
  }

  protected override received(message: Message): unknown {
    return { raw: message.body }
  }
}

class Special extends Simple {
  override on_add(message: Message, x: number, y: number): number {
    return super.on_add(message, x, y) * 100
  }

  on_more(): string {
    return 'more'
  }
}

class Declared extends CommissaireService {
  static override readonly methods = {
    divide: { schema: z.object({ dividend: z.number(), divisor: z.number() }) },
    join: {
      schema: z.object({ address: z.string().min(1), options: z.object({ port: z.int() }).optional() }),
    },
    pair: { params: ['first', 'second'] },
  }

  calls = 0

  on_divide(_message: Message, dividend: number, divisor: number): number {
    this.calls++
    return dividend / divisor
  }

  on_join(_message: Message, ...rest: unknown[]): unknown {
    return rest
  }

  on_pair(_message: Message, first: unknown, second: unknown = 'none'): unknown {
    return [first, second]
  }
}

const parcels = {
  send: {
    input: z.object({
      to: z.string().min(1),
      weight: z.number().default(1),
      tags: z.array(z.string()).default([]),
    }),
  },
}

class Parcels extends CommissaireService implements MethodHandlers<typeof parcels> {
  static override readonly methods = parcels

  on_send(_message: Message, { to, weight, tags }: MethodInput<typeof parcels.send>): unknown {
    return { to, weight, tags }
  }
}

const code = async (promise: Promise<unknown>) => {
  const error = await rejection(promise)
  assert.ok(error instanceof BusError, String(error))
  return error
}

test('an array of params are the arguments in order', async () => {
  await using world = await serve(Simple, 'simple')
  assert.equal(await world.bus.request('simple.add', [1, 2]), 3)
  assert.equal(await world.bus.request('simple.count', [1, 2, 3, 4, 5]), 5)
})

test('a default stands in for an argument that is left out', async () => {
  await using world = await serve(Simple, 'simple')
  assert.equal(await world.bus.request('simple.greet', ['Ada']), 'Hello, Ada')
  assert.equal(await world.bus.request('simple.greet', ['Ada', 'Good day']), 'Good day, Ada')
})

test('an object of params is the one argument where the service declares no names', async () => {
  await using world = await serve(Simple, 'simple')
  assert.deepEqual(await world.bus.request('simple.echo', { x: 1 }), { x: 1 })
  assert.deepEqual(await world.bus.request('simple.echo', {}), {})
})

test('an empty object is no argument to a method that needs none, as peers in Python send it', async () => {
  await using world = await serve(Simple, 'simple')
  assert.equal(await world.bus.request('simple.ping', {}), 'pong')
})

test('an object of params is matched by name where the service declares the names', async () => {
  await using world = await serve(Declared, 'declared')
  assert.equal(await world.bus.request('declared.divide', { divisor: 2, dividend: 6 }), 3)
  assert.equal(await world.bus.request('declared.divide', [6, 2]), 3)
  assert.deepEqual(await world.bus.request('declared.pair', { first: 1 }), [1, 'none'])
  assert.deepEqual(await world.bus.request('declared.pair', { second: 2, first: 1 }), [1, 2])
})

test('a wrong argument is answered with InvalidParams and the field at fault, before the method runs', async () => {
  await using world = await serve(Declared, 'declared')
  const error = await code(world.bus.request('declared.divide', { dividend: 6, divisor: 'two' }))
  assert.equal(error.code, -32602)
  assert.match(error.message, /^divide: divisor: /)
  assert.deepEqual(
    (error.data['faults'] as { path: string }[]).map(({ path }) => path),
    ['divisor'],
  )
  const nested = await code(world.bus.request('declared.join', ['a', { port: 'x' }]))
  assert.match(nested.message, /options\.port/)
  assert.equal(world.service.calls, 0)
})

test('every fault of the arguments is named, not only the first', async () => {
  await using world = await serve(Declared, 'declared')
  const error = await code(world.bus.request('declared.divide', {}))
  assert.match(error.message, /dividend: .*; divisor: /)
})

test('an unknown name of an argument is refused, with the name that was meant', async () => {
  await using world = await serve(Declared, 'declared')
  const error = await code(world.bus.request('declared.divide', { dividend: 6, diviser: 2 }))
  assert.equal(error.code, -32602)
  assert.match(error.message, /diviser: no such argument; did you mean "divisor"\?/)
})

test('too few and too many arguments are answered with InvalidParams', async () => {
  await using world = await serve(Simple, 'simple')
  const few = await code(world.bus.request('simple.add', [1]))
  assert.equal(few.code, -32602)
  assert.equal(few.message, 'add takes 2 arguments (x, y), got 1')
  assert.equal((await code(world.bus.request('simple.add', [1, 2, 3]))).code, -32602)
  assert.equal((await code(world.bus.request('simple.greet', ['a', 'b', 'c']))).code, -32602)
  assert.match((await code(world.bus.request('simple.add', { x: 1, y: 2 }))).message, /declares no names/)
  assert.equal((await code(world.bus.request('simple.ping', [1]))).code, -32602)
})

test('too many arguments for the declared names are answered with InvalidParams', async () => {
  await using world = await serve(Declared, 'declared')
  const error = await code(world.bus.request('declared.divide', [1, 2, 3]))
  assert.equal(error.message, 'divide takes 2 arguments (dividend, divisor), got 3')
  assert.match((await code(world.bus.request('declared.pair', []))).message, /first: is missing/)
})

test('a method that declares an input is called with one object, whether the arguments are named or in order', async () => {
  await using world = await serve(Parcels, 'parcels')
  const sent = { to: 'Ada', weight: 2, tags: [] }
  assert.deepEqual(await world.bus.request('parcels.send', ['Ada', 2]), sent)
  assert.deepEqual(await world.bus.request('parcels.send', { weight: 2, to: 'Ada' }), sent)
  assert.deepEqual(await world.bus.request('parcels.send', ['Ada']), { ...sent, weight: 1 })
  assert.deepEqual(await world.bus.client<Parcels>('parcels').send(sent), sent)
})

test('what does not fit an input is refused before the method runs, with every fault', async () => {
  await using world = await serve(Parcels, 'parcels')
  const error = await code(world.bus.request('parcels.send', { weight: 'heavy' }))
  assert.equal(error.code, -32602)
  assert.match(error.message, /^send: to: is missing; weight: /)
  const many = await code(world.bus.request('parcels.send', ['Ada', 1, [], 4]))
  assert.equal(many.message, 'send takes 1 to 3 arguments (to, weight, tags), got 4')
  const stranger = await code(world.bus.request('parcels.send', { to: 'Ada', wait: 1 }))
  assert.match(stranger.message, /wait: no such argument/)
})

test('the first argument is the message, and `this` is the service', async () => {
  await using world = await serve(Simple, 'simple')
  assert.equal(await world.bus.request('simple.whoami'), 'Simple simple.whoami simple')
})

test('a method that returns nothing answers null', async () => {
  await using world = await serve(Simple, 'simple')
  assert.equal(await world.bus.request('simple.nothing'), null)
})

test('an error of the table keeps its message, code and data on the way', async () => {
  await using world = await serve(Simple, 'simple')
  const error = await code(world.bus.request('simple.conflict'))
  assert.deepEqual([error.name, error.code, error.message], ['Conflict', 409, 'somebody was faster'])
  assert.equal(error.data['revision'], '7')
})

test('any other error becomes an InternalError that names the class, and is logged with the id and the stack', async () => {
  await using world = await serve(Simple, 'simple')
  const error = await code(world.bus.request('simple.fail'))
  assert.deepEqual([error.code, error.message], [-32603, 'I was never created'])
  assert.equal(error.data['exception'], 'NotImplementedError')
  const [note] = world.log.of('error')
  assert.equal(typeof note?.facts['id'], 'string')
  assert.ok(note?.facts['err'] instanceof NotImplementedError)
  assert.equal(world.log.of('error').length, 1)
})

test('a handler may throw what is no Error', async () => {
  await using world = await serve(Simple, 'simple')
  const error = await code(world.bus.request('simple.throw_text'))
  assert.deepEqual([error.code, error.message, error.data['exception']], [-32603, 'a text', 'string'])
})

test('an unknown method is answered with the nearest ones', async () => {
  await using world = await serve(Simple, 'simple')
  const error = await code(world.bus.request('simple.ad'))
  assert.equal(error.code, -32601)
  assert.equal(error.message, 'no method "ad"; did you mean "add"?')
  assert.deepEqual(error.data['nearest'], ['add'])
})

const notCallable = [
  'constructor toString hasOwnProperty __proto__ prototype valueOf',
  'start drain close run request publish received hidden options log bus',
  'on_add field getter on_',
].flatMap((names) => names.split(' '))

for (const name of notCallable) {
  test(`"${name}" cannot be called from outside`, async () => {
    await using world = await serve(Simple, 'simple')
    const error = await code(world.bus.request(`simple.${name}`))
    assert.equal(error.code, -32601)
  })
}

test('methods of a class in between are callable, and a special one goes before a general one', async () => {
  await using world = await serve(Special, 'special')
  assert.equal(await world.bus.request('special.add', [1, 2]), 300)
  assert.equal(await world.bus.request('special.greet', ['Ada']), 'Hello, Ada')
  assert.equal(await world.bus.request('special.more'), 'more')
})

test('the last word of the routing key must be the method', async () => {
  await using world = await serve(Simple, 'simple')
  await world.bus.publish('simple.add', { jsonrpc: '2.0', id: 'x', method: 'close', params: [] })
  assert.equal(await world.bus.request('simple.ping'), 'pong')
  assert.equal(world.service.state, 'running')
})

test('a message that is no JSON-RPC goes to `received`', async () => {
  const bodies: unknown[] = []
  class Watcher extends CommissaireService {
    protected override received(message: Message): void {
      bodies.push(message.body)
    }
  }
  await using world = await serve(Watcher, 'jobs')
  await world.bus.publish('jobs.watcher', JSON.stringify({ address: '10.0.0.1', last_check: '' }))
  await world.bus.publish('jobs.watcher', { address: '10.0.0.2', last_check: '' })
  await world.bus.publish('jobs.watcher', 'not JSON at all')
  await world.bus.request('jobs.ping')
  assert.deepEqual(bodies[1], { address: '10.0.0.2', last_check: '' })
  assert.ok(bodies.length >= 2)
})

test('a service that expects JSON-RPC only sets other messages aside, and goes on', async () => {
  class Strict extends CommissaireService {}
  await using world = await serve(Strict, 'strict')
  await world.bus.publish('strict.thing', { address: '10.0.0.1' })
  assert.equal(await world.bus.request('strict.ping'), 'pong')
  const dead = await world.bus.dead.list('strict', 10)
  assert.equal(dead.length, 1)
  assert.match(dead[0]?.reason ?? '', /takes JSON-RPC 2\.0 only/)
})

test('a declaration without its method is refused when the service is made', () => {
  class Ghost extends CommissaireService {
    static override readonly methods = { ad: {} }
    on_add(): void {}
  }
  assert.throws(
    () => new Ghost({}),
    /Ghost\.methods declares "ad", but there is no method on_ad; did you mean "add"\?/,
  )
})

test('an argument may be called __proto__ and do no harm', async () => {
  await using world = await serve(Declared, 'declared')
  const params = JSON.parse('{"dividend":1,"divisor":1,"__proto__":{"polluted":true}}') as Record<
    string,
    unknown
  >
  await rejection(world.bus.request('declared.divide', params))
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('whatever arrives, the service answers the next request', { timeout: 60_000 }, async () => {
  await using world = await serve(Declared, 'declared')
  const call = fc.record({
    jsonrpc: fc.constantFrom('2.0', '1.0', 2),
    method: fc.oneof(
      fc.constantFrom('divide', 'join', 'pair', 'ping', '__proto__'),
      fc.string(),
      fc.jsonValue(),
    ),
    params: fc.jsonValue(),
    id: fc.jsonValue(),
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(call, fc.jsonValue(), fc.string()), async (body) => {
      await world.bus.publish('declared.divide', body)
      assert.equal(await world.bus.request('declared.divide', [6, 2]), 3)
    }),
    { numRuns: 300 },
  )
})
