/** Calls to and from unmodified kombu, the same on every broker that kombu knows. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { BusError, connect, type Handler } from '../src/index.ts'
import { eventually } from '../src/testing/eventually.ts'
import { run, start } from './python.ts'

const calls = 1_000
const atATime = 50

export const handler: Handler = ({ method, params }) => {
  if (method === 'fail') throw new BusError('StorageLookup', 'no such thing', { data: { key: 'x' } })
  if (method === 'nothing') return undefined
  const [x, y] = Array.isArray(params) ? params : [params['x'], params['y']]
  return Number(x) + Number(y)
}

/** A Python caller asks a thousand times; each call is worked on once, and answered once. */
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
  const [failure, nothing, rest] = await run('kombu_client', url, String(calls))
  const data = { key: 'x', exception: 'StorageLookup' }
  assert.deepEqual((failure as { error: unknown }).error, { code: -20000, message: 'no such thing', data })
  assert.equal((nothing as { result: unknown }).result, null)
  assert.deepEqual(rest, { 'second answers': 0 })
  assert.deepEqual([runs, ids.size], [calls + 2, calls + 2])
  await eventually('the notification came', () => notes.length === 1)
}

/** A Python service is asked a thousand times, over one reply queue. */
export async function askPython(url: string): Promise<void> {
  const service = start('kombu_service', url)
  let late = 0
  const countLate = (_facts: object, sentence: string): void => {
    if (sentence.includes('waits no more')) late++
  }
  try {
    if (service.stdout) await once(service.stdout, 'data')
    await using bus = await connect(url, {
      log: { debug: countLate, info: () => {}, warn: () => {}, error: () => {} },
    })
    for (let number = 0; number < calls; number += atATime) {
      const numbers = Array.from({ length: atATime }, (_, index) => number + index)
      const asked = numbers.map((x) =>
        bus.request('python.add', x % 2 ? { x, y: 1 } : [x, 1], { timeout: 60_000 }),
      )
      assert.deepEqual(
        await Promise.all(asked),
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
