/** Checks that need a way to put anything at all on a broker: no message ends a service or jams its queue. */

import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import type { Bus } from '../bus.ts'
import type { Check, World } from './check.ts'
import { silent } from './expect.ts'
import { eventually } from './eventually.ts'
import { hostileMessage, randomOf, type HostileMessage } from './hostile-messages.ts'

const queue = { name: 'hostile', routingKeys: ['hostile.#'] }
/** How many messages are sent before the service is asked whether it is well. */
const BATCH = 250
/** What the heap may be larger afterwards, in bytes. */
const MOST_LEFT = 64 * 2 ** 20

/** How many hostile messages one check sends, and from which seed they are made. */
export interface HostileRun {
  readonly seed: number
  readonly messages: number
}

/** What a hostile run found. */
export interface HostileReport {
  readonly sent: number
  /** Those that could not even be put on the broker. */
  readonly refused: number
  readonly setAside: number
}

/** Sends hostile messages to a service at work, and finds it well again and again. */
export async function hostileRun(world: World, { seed, messages }: HostileRun): Promise<HostileReport> {
  const inject = async (message: HostileMessage): Promise<boolean> =>
    (await world.inject?.(queue.name, message)) ?? assert.fail('this world cannot inject messages')
  let lines = 0
  const count = (): void => void lines++
  const started = Date.now()
  await using bus = await world.connect({ log: { ...silent, warn: count, error: count } })
  await bus.serve(queue, { prefetch: 20, handler: ({ params }) => params })
  const random = randomOf(seed)
  let refused = 0
  for (let sent = 0; sent < messages; sent += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, messages - sent) }, () =>
      hostileMessage(random, 'hostile'),
    )
    const taken = await Promise.all(batch.map(inject))
    refused += taken.filter((one) => !one).length
    await answers(bus)
  }
  await eventually('nothing is in hand', async () => (await world.inHand?.(queue.name)) === 0)
  const seconds = (Date.now() - started) / 1_000 + 1
  assert.ok(lines <= seconds * 20, `${lines} lines were logged in ${seconds} s`)
  const { messages: setAside } = await bus.dead.stats(queue.name)
  return { sent: messages, refused, setAside }
}

/** A good call is answered within a second, whatever lies before it on the queue. */
async function answers(bus: Bus): Promise<void> {
  const deadline = { timeout: 20_000 }
  assert.deepEqual(await bus.request('hostile.ask', ['before'], deadline), ['before'])
  assert.deepEqual(await bus.request('hostile.ask', ['well?'], { timeout: 1_000 }), ['well?'])
}

/** Points 1 to 3 of what the edge of the bus promises. */
export const hostile: Record<string, Check> = {
  async 'two thousand hostile messages leave a service and its queue as they were'(make) {
    await using world = await make()
    const before = heap()
    const report = await hostileRun(world, { seed: 20_260, messages: 2_000 })
    assert.ok(report.setAside > 100, `only ${report.setAside} messages were set aside`)
    assert.ok(report.refused < report.sent / 2, `${report.refused} messages did not reach the broker`)
    const left = heap() - before
    assert.ok(left < MOST_LEFT, `the heap is ${left} bytes larger`)
  },
}

/** Bytes in use after a collection. */
function heap(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed
}
