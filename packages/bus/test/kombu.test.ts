/** Real, unmodified kombu on the other side: it calls us, we call it, and it restores what a dead process of ours held. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import { connect, BusError, type Handler } from '../src/index.ts'
import { eventually } from '../src/testing/eventually.ts'
import { silent } from '../src/testing/calls.ts'
import { haveRedis, RedisServer, takeAndDie } from './redis-world.ts'

const python = '/usr/bin/python3'
const haveKombu = haveRedis && present()

function present(): boolean {
  if (spawnSync(python, ['-c', 'import kombu, redis']).status === 0) return true
  const remedy = 'kombu is missing; run: apt-get install python3-kombu python3-redis'
  if (process.env['CI']) throw new Error(remedy)
  console.warn(`SKIPPED the tests against kombu: ${remedy}`)
  return false
}

function start(name: string, ...args: string[]): ChildProcess {
  const program = fileURLToPath(new URL(`fixtures/${name}.py`, import.meta.url))
  return spawn(python, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs a program to its end, and returns what it printed. Rejects when it failed. */
async function run(name: string, ...args: string[]): Promise<unknown[]> {
  const child = start(name, ...args)
  const lines: string[] = []
  if (child.stdout) createInterface(child.stdout).on('line', (line) => lines.push(line))
  const [status] = await once(child, 'close')
  assert.equal(status, 0, `${name} failed`)
  return lines.map((line): unknown => JSON.parse(line))
}

/** Two SADDs of kombu's own are all that a service and its callers may leave; everything else is ours to remove. */
function ours(keys: string[]): string[] {
  return keys.filter((key) => !key.startsWith('_kombu.binding.'))
}

const handler: Handler = ({ method, params }) => {
  if (method === 'fail') throw new BusError('StorageLookup', 'no such thing', { data: { key: 'x' } })
  if (method === 'nothing') return undefined
  const [x, y] = Array.isArray(params) ? params : [params['x'], params['y']]
  return Number(x) + Number(y)
}

describe.skipIf(!haveKombu)('kombu', { timeout: 180_000 }, () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  beforeEach(async () => {
    await server.client.flushall()
  })
  afterAll(() => server.remove())

  test('a Python caller is answered three hundred times, each time once', async () => {
    const notes: unknown[] = []
    await using bus = await connect(server.url)
    await bus.serve(
      { name: 'simple', routingKeys: ['simple.*'] },
      { handler: (message) => (message.method === 'note' ? notes.push(message.params) : handler(message)) },
    )
    const [failure, nothing, rest] = await run('kombu_client', server.url, '300')
    const data = { key: 'x', exception: 'StorageLookup' }
    assert.deepEqual((failure as { error: unknown }).error, { code: -20000, message: 'no such thing', data })
    assert.equal((nothing as { result: unknown }).result, null)
    assert.deepEqual(rest, { 'second answers': 0 })
    await eventually('the notification came', () => notes.length === 1)
    await bus.close()
    assert.deepEqual(ours(await server.client.keys('*')), [])
  })

  test('a Python service answers three hundred calls, and keeps answering on one reply queue', async () => {
    const service = start('kombu_service', server.url)
    try {
      if (service.stdout) await once(service.stdout, 'data')
      await using bus = await connect(server.url)
      for (let number = 0; number < 300; number += 10) {
        const calls = Array.from({ length: 10 }, (_, index) => number + index)
        const asked = calls.map((x) =>
          bus.request('python.add', x % 2 ? { x, y: 1 } : [x, 1], { timeout: 20_000 }),
        )
        assert.deepEqual(
          await Promise.all(asked),
          calls.map((x) => x + 1),
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
      await bus.close()
      assert.deepEqual(await server.client.keys('*'), ['_kombu.binding.commissaire'])
    } finally {
      service.kill('SIGKILL')
    }
  })

  test('a real kombu gives back what a dead process of ours held, to its queue, marked', async () => {
    await using bus = await connect(server.url, { visibility: 60_000, log: silent })
    await (await bus.serve({ name: 'mortal', routingKeys: ['mortal.*'] }, { handler })).stop()
    const answer = bus.request('mortal.add', [1, 2], { timeout: 25_000 })
    await takeAndDie(server.url, 'mortal')
    await eventually('kombu has restored it', async () => {
      await run('kombu_restore', server.url)
      return (await server.client.llen('mortal')) === 1
    })
    assert.deepEqual(await server.client.keys('unacked*'), [])
    const marks: unknown[] = []
    await bus.serve(
      { name: 'mortal', routingKeys: ['mortal.*'] },
      {
        handler: (message) => (
          marks.push([message.redelivered, message.headers['attempts']]),
          handler(message)
        ),
      },
    )
    assert.equal(await answer, 3)
    // Ours would have counted the attempt.
    assert.deepEqual(marks, [[true, undefined]])
    await bus.close()
  })

  test('claims of kombu are not ours to restore', async () => {
    await using bus = await connect(server.url, { visibility: 100, log: silent })
    await bus.serve({ name: 'simple', routingKeys: ['simple.*'] }, { handler })
    await server.client.hset('unacked', 'theirs', '[{"body":""},"commissaire","simple.add"]')
    await server.client.zadd('unacked_index', 1, 'theirs')
    for (let turn = 0; turn < 10; turn++) await bus.request('simple.add', [1, 2])
    await eventually('some sweeps have passed', async () => {
      const stats = await server.client.info('commandstats')
      return Number(/cmdstat_zrangebyscore:calls=(\d+)/.exec(stats)?.[1] ?? 0) > 5
    })
    assert.deepEqual(await server.client.hkeys('unacked'), ['theirs'])
    await bus.close()
  })
})
