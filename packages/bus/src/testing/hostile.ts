/** Checks that put any message on the broker: none ends a service or blocks its queue. */

import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import type { Bus } from '../bus.ts'
import type { Check, World } from './check.ts'
import { silent } from './expect.ts'
import { eventually } from './eventually.ts'
import { hostileMessage, randomOf, type HostileMessage } from './hostile-messages.ts'

const queue = { name: 'hostile', routingKeys: ['hostile.#'] }
/** How many messages are sent between two good calls. */
const BATCH = 250
/** By how much the heap may grow, in bytes. */
const MOST_LEFT = 64 * 2 ** 20

/** How many hostile messages a check sends, and the seed that they are made from. */
export interface HostileRun {
  readonly seed: number
  readonly messages: number
}

/** The result of a hostile run. */
export interface HostileReport {
  readonly sent: number
  /** How many the broker did not accept. */
  readonly refused: number
  readonly setAside: number
}

/** Sends hostile messages to a service, and checks after each batch that it answers good calls. */
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
  await eventually('no message is unsettled', async () => (await world.unsettled?.(queue.name)) === 0)
  const seconds = (Date.now() - started) / 1_000 + 1
  assert.ok(lines <= seconds * 20, `${lines} lines were logged in ${seconds} s`)
  const { messages: setAside } = await bus.dead.stats(queue.name)
  return { sent: messages, refused, setAside }
}

/** Checks that good calls are answered: the second within a second, when the messages before it are handled. */
async function answers(bus: Bus): Promise<void> {
  const deadline = { timeout: 20_000 }
  assert.deepEqual(await bus.request('hostile.ask', ['before'], deadline), ['before'])
  assert.deepEqual(await bus.request('hostile.ask', ['well?'], { timeout: 1_000 }), ['well?'])
}

/** A service survives hostile messages. */
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
