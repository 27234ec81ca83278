/** How to test a service: over memory, in the same process. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { connect } from '@commissaire/bus'
import { MyService } from '../examples/my-service.ts'

test('my service echoes', async () => {
  await using bus = await connect('memory://')
  await using service = new MyService({ bus, queues: [{ routingKey: 'my.*' }] })
  await service.start()

  const my = bus.client<MyService>('my')
  assert.equal(await my.echo('some words'), 'some words')
  await assert.rejects(my.fail(), { code: -32603, message: 'I was never created' })
})
