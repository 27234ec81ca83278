import assert from 'node:assert/strict'
import { test } from 'vitest'
import { connect } from '@commissaire/bus'
import { CommissaireService, type Message, type ServiceOptions } from '../src/index.ts'
import { Notebook } from './notebook.ts'
import { rejection, serve } from './over-memory.ts'
import { until } from '@commissaire/testing'

class Slow extends CommissaireService {
  readonly gate = Promise.withResolvers<void>()
  started = 0
  aborted = 0

  async on_wait(message: Message): Promise<string> {
    this.started++
    message.signal.addEventListener('abort', () => this.aborted++)
    await this.gate.promise
    return 'done'
  }

  async on_until_aborted(message: Message): Promise<void> {
    this.started++
    const { promise, resolve } = Promise.withResolvers<void>()
    message.signal.addEventListener('abort', () => resolve())
    await promise
    this.aborted++
  }

  on_early(message: Message): Promise<void> {
    return message.reply('early')
  }
}

const silent = () => ({ log: new Notebook() })

test('a service moves from idle through starting, running and draining to closed', async () => {
  const seen: string[] = []
  class Watched extends CommissaireService {
    override async start(): Promise<void> {
      const started = super.start()
      seen.push(this.state)
      await started
    }
  }
  const service = new Watched({ connectionUrl: 'memory://states', ...silent() })
  seen.push(service.state)
  await service.start()
  seen.push(service.state)
  const closing = service.close()
  seen.push(service.state)
  await closing
  assert.deepEqual([...seen, service.state], ['idle', 'starting', 'running', 'draining', 'closed'])
})

test('a service connects a bus of its own, and closes it', async () => {
  const service = new Slow({ connectionUrl: 'memory://own', queues: [{ routingKey: 'slow.*' }], ...silent() })
  await service.start()
  await using bus = await connect('memory://own')
  assert.equal(await bus.request('slow.ping'), 'pong')
  await service.close()
  await service.close()
  assert.notEqual(await rejection(bus.request('slow.ping', [], { timeout: 200 })), undefined)
})

test('a bus that is shared stays open when the service closes', async () => {
  await using world = await serve(Slow, 'slow')
  await world.service.close()
  assert.equal(world.bus.state, 'connected')
})

test('a service without a bus says so', () => {
  const service = new Slow({ ...silent() })
  assert.throws(() => service.request('x.y'), /Slow is idle: it has no bus before start\(\)/)
})

test('a service starts once', async () => {
  await using world = await serve(Slow, 'slow')
  await assert.rejects(world.service.start(), /it is running; a service starts once/)
})

test('a service that cannot start is closed, and says why', async () => {
  const service = new Slow({ connectionUrl: 'carrier-pigeon://loft', ...silent() })
  await assert.rejects(service.start(), /carrier-pigeon/)
  assert.equal(service.state, 'closed')
})

test('close() may be called before start() and while it starts', async () => {
  const idle = new Slow({ ...silent() })
  await idle.close()
  assert.equal(idle.state, 'closed')
  const starting = new Slow({
    connectionUrl: 'memory://early',
    queues: [{ routingKey: 'slow.*' }],
    ...silent(),
  })
  const start = rejection(starting.start())
  await starting.close()
  assert.match(String(await start), /closed while it was starting/)
  assert.equal(starting.state, 'closed')
})

test('close() lets the message in hand finish, and takes no other', async () => {
  await using world = await serve(Slow, 'slow')
  const answer = world.bus.request('slow.wait')
  await until(() => world.service.started === 1, 'the handler has the message')
  const closing = world.service.close()
  assert.equal(world.service.state, 'draining')
  const late = rejection(world.bus.request('slow.wait', [], { timeout: 300 }))
  world.service.gate.resolve()
  assert.equal(await answer, 'done')
  await closing
  await late
  assert.equal(world.service.started, 1)
})

test('a handler that does not end in time is told to stop', async () => {
  await using world = await serve(Slow, 'slow', { drainTimeout: 50 })
  const answer = world.bus.request('slow.until_aborted', [], { timeout: 500 }).catch(() => {})
  await until(() => world.service.started === 1, 'the handler has the message')
  await world.service.close()
  assert.equal(world.service.aborted, 1)
  await answer
})

test('the caller giving up reaches the handler as message.signal', async () => {
  await using world = await serve(Slow, 'slow')
  const caller = new AbortController()
  const answer = rejection(world.bus.request('slow.wait', [], { signal: caller.signal }))
  await until(() => world.service.started === 1, 'the handler has the message')
  caller.abort()
  await until(() => world.service.aborted === 1, 'the handler is told')
  world.service.gate.resolve()
  assert.match(String(await answer), /the caller cancelled/)
})

test('a handler may answer early and work on', async () => {
  await using world = await serve(Slow, 'slow')
  assert.equal(await world.bus.request('slow.early'), 'early')
})

test('run() ends when its signal is aborted', async () => {
  const stop = new AbortController()
  const service = new Slow({ connectionUrl: 'memory://run', ...silent() })
  const ended = service.run({ signal: stop.signal, onReady: () => stop.abort() })
  await ended
  assert.equal(service.state, 'closed')
})

test('run() ends when somebody closes the service', async () => {
  const service = new Slow({ connectionUrl: 'memory://run-close', ...silent() })
  await service.run({ onReady: () => void service.close() })
  assert.equal(service.state, 'closed')
})

test('run() leaves no listener behind', async () => {
  const before = ['SIGTERM', 'SIGINT', 'unhandledRejection'].map((event) => process.listenerCount(event))
  const service = new Slow({ connectionUrl: 'memory://listeners', ...silent() })
  await service.run({ onReady: () => void service.close() })
  const after = ['SIGTERM', 'SIGINT', 'unhandledRejection'].map((event) => process.listenerCount(event))
  assert.deepEqual(after, before)
})

test('a service asks, tells and publishes as a Requester', async () => {
  await using world = await serve(Slow, 'slow')
  const other = new Slow({ bus: world.bus, ...silent() })
  await other.start()
  assert.equal(await other.request('slow.ping'), 'pong')
  await other.notify('slow.ping')
  await other.publish('nobody.listens', 'text')
})

test('the error of a notification is logged with the name of its queue', async () => {
  class Failing extends CommissaireService {
    on_fail(): never {
      throw new Error('nobody hears me')
    }
  }
  await using world = await serve(Failing, 'failing')
  await world.bus.notify('failing.fail')
  const note = await until(() => world.log.of('error')[0], 'the error is logged')
  assert.equal(note.facts['queue'], 'failing')
})

test('two services of one process share a registry of metrics', async () => {
  await using first = await serve(Slow, 'first')
  const options: ServiceOptions = { metrics: first.service.metrics }
  await using second = await serve(Slow, 'second', options)
  await first.bus.request('first.ping')
  await second.bus.request('second.ping')
  const text = await first.service.metrics.metrics()
  assert.match(text, /commissaire_requests_total\{service="slow",method="ping",outcome="ok"\} 2/)
})

test('messages set aside are counted queue by queue, also by services that share a registry', async () => {
  await using first = await serve(Slow, 'first-aside')
  await using second = await serve(Slow, 'second-aside', { metrics: first.service.metrics })
  await first.bus.publish('first-aside.ping', '{"jsonrpc":"2.0","method":"other"}')
  await until(async () => (await first.bus.dead.list('first-aside', 1))[0], 'it is set aside')
  const text = await second.service.metrics.metrics()
  assert.match(text, /commissaire_dead_letters\{queue="first-aside"\} 1/)
  assert.match(text, /commissaire_dead_letters\{queue="second-aside"\} 0/)
  assert.match(text, /commissaire_dead_letters_dropped\{queue="first-aside"\} 0/)
})

test('requests are counted by method and outcome, and no caller can invent a method', async () => {
  await using world = await serve(Slow, 'slow')
  await rejection(world.bus.request('slow.nonsense-1'))
  await rejection(world.bus.request('slow.nonsense-2'))
  const text = await world.service.metrics.metrics()
  assert.match(text, /method="\(unknown\)",outcome="MethodNotFound"\} 2/)
  assert.match(text, /commissaire_requests_in_flight\{service="slow",method="\(unknown\)"\} 0/)
  assert.doesNotMatch(text, /nonsense/)
})

test('prefetch bounds how many messages are in hand', async () => {
  await using world = await serve(Slow, 'slow', { prefetch: 3 })
  const answers = Array.from({ length: 10 }, () => world.bus.request('slow.wait'))
  await until(() => world.service.started === 3, 'three are in hand')
  world.service.gate.resolve()
  await Promise.all(answers)
  assert.equal(world.service.started, 10)
})
