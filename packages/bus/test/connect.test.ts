import assert from 'node:assert/strict'
import { expectTypeOf, test } from 'vitest'
import { connect, type Message, type TransportModule } from '../src/index.ts'
import { open as openMemory } from '../src/transports/memory.ts'

test('an unknown kind of bus is refused with those that are known', async () => {
  await assert.rejects(
    connect('carrier-pigeon://roof'),
    /no transport is registered for "carrier-pigeon:\/\/"; .*memory:\/\/, redis:\/\//,
  )
  await assert.rejects(connect('what?'), /not a URL/)
})

test('a transport that is registered by its scheme is used, and is named among those that are known', async () => {
  const opened: string[] = []
  const load = async (): Promise<TransportModule> => ({
    open: (url, options) => {
      opened.push(`${url.href} ${options.exchange}`)
      return openMemory(url, options)
    },
  })
  const options = { exchange: 'own', transports: { 'pigeon:': load } }
  await using bus = await connect('pigeon://roof/', options)
  await bus.serve({ name: 'q', routingKeys: ['q.*'] }, { handler: () => 'coo' })
  assert.equal(await bus.request('q.ask'), 'coo')
  assert.deepEqual(opened, ['pigeon://roof/ own'])
  await assert.rejects(connect('owl://roof/', options), /known are memory:\/\/, .*, pigeon:\/\//)
})

test('a broker that is not there is named, with what to look at', async () => {
  await assert.rejects(connect('redis://127.0.0.1:1'), {
    name: 'ConnectionLost',
    message: /127\.0\.0\.1:1.*is it running/,
  })
})

test('a database that is no number is refused', async () => {
  await assert.rejects(connect('redis://127.0.0.1/five'), /"five" in the URL must be a number/)
})

class Simple {
  readonly name = 'simple'
  on_add(_message: Message, x: number, y: number): number {
    return x + y
  }
  async on_hello(_message: Message, name?: string): Promise<string> {
    return `Hello, ${name ?? 'you'}`
  }
}

test('a client has the methods of the service, and nothing else', async () => {
  await using bus = await connect('memory://typed')
  const service = new Simple()
  await bus.serve(
    { name: 'simple', routingKeys: ['simple.*'] },
    {
      handler: (message) => {
        const [x, y] = Array.isArray(message.params) ? message.params : []
        return message.method === 'add'
          ? service.on_add(message, Number(x), Number(y))
          : service.on_hello(message)
      },
    },
  )
  const client = bus.client<Simple>('simple')
  expectTypeOf(client.add).toEqualTypeOf<(x: number, y: number) => Promise<number>>()
  expectTypeOf(client.hello).toEqualTypeOf<(name?: string) => Promise<string>>()
  expectTypeOf(client).not.toHaveProperty('name')
  assert.equal(await client.add(1, 2), 3)
  assert.equal(await client.hello(), 'Hello, you')
})
