/** The example of a receiver takes what a server sends, and nothing else. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { test, vi } from 'vitest'
import { webhookEvents } from '../apps/server/src/webhooks/webhook-settings.ts'
import { openWebhooks } from '../apps/server/src/webhooks/webhooks.ts'
import { receiver } from '../examples/webhook-receiver.ts'
import { connect } from '../packages/bus/src/index.ts'

const secret = 'a secret of some length'
const log = { debug() {}, info() {}, warn() {}, error() {} }

test('the example of a receiver prints what is genuine, and refuses what is not', async () => {
  const lines: string[] = []
  const server = receiver(secret, (line) => void lines.push(line)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`
  await using bus = await connect(`memory://${randomUUID()}`, { log })
  const webhooks = await openWebhooks([{ url, secret, events: [...webhookEvents] }], { bus, log })
  const operation = { id: 'upgrade-web-1' }
  const event = { id: 'one', event: 'operation.host_done', operation, host: { address: '10.0.0.1' } }
  await bus.publish('notify.operation.host_done', event)
  await bus.publish('notify.operation.finished', { id: 'two', event: 'operation.finished', operation })
  await vi.waitFor(() => assert.equal(lines.length, 2), { timeout: 10_000 })
  assert.deepEqual(lines, ['operation.host_done upgrade-web-1 10.0.0.1', 'operation.finished upgrade-web-1'])
  const headers = { 'commissaire-signature': `t=1,v1=${'0'.repeat(64)}` }
  assert.equal((await fetch(url, { method: 'POST', body: '{}', headers })).status, 403)
  await webhooks.close()
  server.closeAllConnections()
  server.close()
})
