import assert from 'node:assert/strict'
import { propagation, type TextMapPropagator } from '@opentelemetry/api'
import { afterEach, test } from 'vitest'
import { connect } from '../../src/index.ts'
import { open } from '../../src/transports/memory.ts'
import { eventually } from '../../src/testing/eventually.ts'
import { quietOptions } from '../brokers/quiet-options.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

const propagator: TextMapPropagator<Record<string, string>> = {
  fields: () => ['traceparent'],
  inject: (_context, carrier) => void (carrier['traceparent'] = traceparent),
  extract: (context) => context,
}

afterEach(() => propagation.disable())

test('requests, notifications and raw messages carry the trace where a propagator is installed', async () => {
  propagation.setGlobalPropagator(propagator)
  await using bus = await connect('memory://traced')
  const seen: unknown[] = []
  await bus.serve(
    { name: 'all', routingKeys: ['#'] },
    { handler: ({ headers }) => void seen.push(headers['traceparent']) },
  )
  await bus.request('some.request')
  await bus.notify('some.notification')
  await bus.publish('some.message', { a: 1 })
  await eventually('all have come', () => seen.length === 3)
  assert.deepEqual(seen, [traceparent, traceparent, traceparent])
})

test('an answer carries the trace of its handler', async () => {
  propagation.setGlobalPropagator(propagator)
  const sent: unknown[] = []
  const transport = await open(new URL('memory://answers'), quietOptions())
  const { ActiveMessage } = await import('../../src/message.ts')
  const { Deadlines } = await import('../../src/rpc/deadlines.ts')
  const deadlines = new Deadlines()
  const consumer = await transport.consume(
    { name: 'q', routingKeys: ['q.*'] },
    {
      prefetch: 1,
      onDelivery: (delivery) => {
        const content = { body: undefined, call: { id: 1, method: 'a', params: [] } }
        sent.push(
          new ActiveMessage(delivery, content, { deadlines, send: async () => {} }).answer('{}')?.headers,
        )
      },
    },
  )
  await transport.publish({
    routingKey: 'q.a',
    body: '{}',
    contentType: '',
    headers: {},
    replyTo: 'somewhere',
  })
  await eventually('it came', () => sent.length === 1)
  assert.deepEqual(sent, [{ traceparent }])
  await consumer.stop()
  await transport.close()
})

test('nothing is added where none is installed', async () => {
  await using bus = await connect('memory://untraced')
  await bus.serve({ name: 'all', routingKeys: ['#'] }, { handler: ({ headers }) => Object.keys(headers) })
  assert.deepEqual(await bus.request('some.request'), ['deadline'])
})
