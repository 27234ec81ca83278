/** Calls to and from unmodified kombu, the same on every broker that kombu knows. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { BusError, connect, type Handler } from '../../src/index.ts'
import { eventually } from '../../src/testing/eventually.ts'
import { run, start } from './python.ts'

const calls = 1_000
const atATime = 50
const callers = 5

export const handler: Handler = ({ method, params }) => {
  if (method === 'fail') throw new BusError('StorageLookup', 'no such thing', { data: { key: 'x' } })
  if (method === 'nothing') return undefined
  const [x, y] = Array.isArray(params) ? params : [params['x'], params['y']]
  return Number(x) + Number(y)
}

/** What Python callers ask in all: a thousand sums, and two odd questions each. */
export const asked = calls + 2 * callers

/** Python callers ask a thousand times; each call is worked on once, and answered once. */
export async function answerPython(url: string): Promise<void> {
  const notes: unknown[] = []
  const ids = new Set<unknown>()
  let runs = 0
  await using bus = await connect(url)
  await bus.serve(
    { name: 'simple', routingKeys: ['simple.*'] },
    {
      handler: (message) => {
        if (message.method === 'note') return notes.push(message.params)
        runs++
        ids.add(message.id)
        return handler(message)
      },
    },
  )
  const each = Array.from({ length: callers }, () => run('kombu_client', url, String(calls / callers)))
  for (const [failure, nothing, rest] of await Promise.all(each)) {
    const data = { key: 'x', exception: 'StorageLookup' }
    assert.deepEqual((failure as { error: unknown }).error, { code: -20000, message: 'no such thing', data })
    assert.equal((nothing as { result: unknown }).result, null)
    assert.deepEqual(rest, { 'second answers': 0 })
  }
  assert.deepEqual([runs, ids.size], [asked, asked])
  await eventually('the notifications came', () => notes.length === callers)
}

/** A Python service is asked a thousand times, over one reply queue. */
export async function askPython(url: string): Promise<void> {
  const service = start('kombu_service', url)
  let late = 0
  const countLate = (_facts: object, sentence: string): void => {
    if (sentence.includes('is not pending')) late++
  }
  try {
    if (service.stdout) await once(service.stdout, 'data')
    await using bus = await connect(url, {
      log: { debug: countLate, info: () => {}, warn: () => {}, error: () => {} },
    })
    for (let number = 0; number < calls; number += atATime) {
      const numbers = Array.from({ length: atATime }, (_, index) => number + index)
      const answers = numbers.map((x) =>
        bus.request('python.add', x % 2 ? { x, y: 1 } : [x, 1], { timeout: 60_000 }),
      )
      assert.deepEqual(
        await Promise.all(answers),
        numbers.map((x) => x + 1),
      )
    }
    const failure = {
      name: 'InvalidRequest',
      code: -32600,
      message: 'no',
      data: { exception: "<class 'RuntimeError'>" },
    }
    await assert.rejects(bus.request('python.fail'), failure)
    assert.deepEqual(await bus.request('python.odd'), [NaN, Infinity, -Infinity, 'a NaN in a text'])
    assert.equal(late, 0, 'some calls were answered twice')
  } finally {
    service.kill('SIGKILL')
    await once(service, 'exit')
  }
}
