/** A service that answers good calls, and the complaints that it has logged. */

import assert from 'node:assert/strict'

import { connect, type Bus, type ConnectOptions } from '../../src/index.ts'
import { silent } from '../../src/testing/expect.ts'

/** Connects and serves `hostile.*`, answering with the arguments. */
export async function serving(url: string, options: ConnectOptions = {}): Promise<Bus> {
  const bus = await connect(url, { log: silent, ...options })
  await bus.serve({ name: 'hostile', routingKeys: ['hostile.*'] }, { handler: ({ params }) => params })
  return bus
}

/** A good call is answered within a second. */
export async function isWell(bus: Bus): Promise<void> {
  assert.deepEqual(await bus.request('hostile.ask', [1], { timeout: 1_000 }), [1])
}
