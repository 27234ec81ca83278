import { freePort, haveRedis, RedisServer, until } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type Bus, connect } from '@commissaire/bus'
import { ServiceManager, CommissaireService } from '../../src/index.ts'
import { Notebook } from '../notebook.ts'
import { Program } from '../program/program.ts'

const program = join(import.meta.dirname, '../programs/managed.ts')

describe.skipIf(!haveRedis)('a manager of real processes, over a real Redis', { timeout: 180_000 }, () => {
  let redis: RedisServer
  let directory: string
  let worlds = 0

  beforeAll(async () => {
    redis = await RedisServer.start()
    directory = mkdtempSync(join(tmpdir(), 'manager-'))
  })

  afterAll(async () => {
    await redis[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  /** A program on a database of its own, and a caller. */
  async function world(environment: NodeJS.ProcessEnv = {}) {
    const url = `${redis.url}/${worlds++ % 16}`
    const bus: Bus = await connect(url, { visibility: 1_500, log: new Notebook() })
    const manager = new Program(program, [], { environment: { BUS: url, ...environment } })
    const dispose = async () => {
      await manager[Symbol.asyncDispose]()
      await bus.close()
    }
    return { bus, manager, mark: join(directory, `mark-${worlds}`), [Symbol.asyncDispose]: dispose }
  }

  const readyPids = (manager: Program) =>
    manager.lines.filter(({ msg }) => msg === 'a process is ready').map((line) => Number(line['pid']))

  test('the service runs in as many processes as were asked for, and they share the work', async () => {
    await using it = await world()
    await it.manager.said('Fragile is ready in 3 processes')
    const seen = new Set<number>()
    await until(async () => {
      const calls = Array.from({ length: 60 }, () => it.bus.request<number>('fragile.slow', [20]))
      for (const pid of await Promise.all(calls)) seen.add(pid)
      return seen.size === 3
    }, 'each of them has answered')
    assert.ok(!seen.has(it.manager.pid))
  })

  test('a child that is killed is replaced at once, and the log says what ended it', async () => {
    await using it = await world()
    await it.manager.said('Fragile is ready in 3 processes')
    const pid = await it.bus.request<number>('fragile.pid')
    process.kill(pid, 'SIGKILL')
    const line = await it.manager.said('was ended by SIGKILL')
    assert.deepEqual([line['level'], line['signal'], line['delay']], ['error', 'SIGKILL', 0])
    await it.manager.said('a process is ready', 4)
  })

  test('the message of a child that is killed is delivered again, marked as redelivered', async () => {
    await using it = await world({ PROCESSES: '2' })
    await it.manager.said('Fragile is ready in 2 processes')
    const answer = it.bus.request<{ pid: number; redelivered: boolean }>('fragile.hold', [it.mark])
    await until(
      () => existsSync(it.mark) && readFileSync(it.mark, 'utf8') !== '',
      'a process holds the message',
    )
    const victim = Number(readFileSync(it.mark, 'utf8'))
    process.kill(victim, 'SIGKILL')
    const { pid, redelivered } = await answer
    assert.equal(redelivered, true)
    assert.notEqual(pid, victim)
  })

  test('what a child died of is in the log of the manager, with its stack', async () => {
    await using it = await world({ PROCESSES: '1' })
    await it.manager.said('Fragile is ready')
    assert.equal(await it.bus.request('fragile.throw_later'), 'soon')
    const line = await it.manager.said('RangeError: thrown where nobody can catch it')
    assert.match(JSON.stringify(line['err']), /managed\.ts:\d+/)
    await it.manager.said('a process is ready', 2)
    assert.equal(typeof (await it.bus.request('fragile.pid')), 'number')
  })

  test('an unhandled rejection in a child is logged by the manager, and the process goes on', async () => {
    await using it = await world({ PROCESSES: '1' })
    await it.manager.said('Fragile is ready')
    const before = await it.bus.request('fragile.pid')
    await it.bus.request('fragile.reject')
    const line = await it.manager.said('unhandled promise rejection in a process: an unhandled rejection')
    assert.match(JSON.stringify(line['err']), /TypeError.*managed\.ts:\d+/)
    assert.equal(await it.bus.request('fragile.pid'), before)
  })

  test('SIGTERM drains all children: what is in hand is answered, and nobody is left', async () => {
    await using it = await world()
    await it.manager.said('Fragile is ready in 3 processes')
    const answers = Array.from({ length: 6 }, () => it.bus.request<number>('fragile.slow', [2_000, it.mark]))
    await until(
      () => existsSync(it.mark) && readFileSync(it.mark, 'utf8') === '......',
      'all six are in hand',
    )
    it.manager.signal('SIGTERM')
    const pids = await Promise.all(answers)
    assert.deepEqual(await it.manager.ended, { code: 0, signal: null })
    for (const pid of [...pids, ...readyPids(it.manager)]) assert.throws(() => process.kill(pid, 0), /ESRCH/)
    await it.manager.said('Fragile has stopped')
  })

  test('a second signal ends everything at once', async () => {
    await using it = await world({ PROCESSES: '1' })
    await it.manager.said('Fragile is ready')
    const answer = it.bus.request('fragile.slow', [30_000], { timeout: 1_000 }).catch(() => 'late')
    const pid = await it.bus.request<number>('fragile.pid')
    it.manager.signal('SIGTERM')
    await it.manager.said('Fragile is stopping')
    it.manager.signal('SIGTERM')
    assert.deepEqual(await it.manager.ended, { code: null, signal: 'SIGTERM' })
    await until(() => isGone(pid), 'the child is gone')
    assert.equal(await answer, 'late')
  })

  test('SIGHUP replaces all children one at a time, and no call is lost', async () => {
    await using it = await world()
    await it.manager.said('Fragile is ready in 3 processes')
    const before = new Set(readyPids(it.manager))
    const enough = new AbortController()
    let answered = 0
    const callers = Array.from({ length: 4 }, async () => {
      while (!enough.signal.aborted)
        answered += await it.bus.request<number>('fragile.slow', [20]).then(() => 1)
    })
    const calls = Promise.all(callers)
    it.manager.signal('SIGHUP')
    await Promise.race([it.manager.said('replaced a process', 3), calls])
    enough.abort()
    await calls
    assert.ok(answered > 20, `${answered} calls were answered`)
    const after = await Promise.all(
      Array.from({ length: 30 }, () => it.bus.request<number>('fragile.slow', [5])),
    )
    for (const pid of after) assert.ok(!before.has(pid), 'only new processes answer')
    assert.ok(!it.manager.lines.some(({ msg }) => msg.includes('starting another')))
  })

  test('SIGHUP keeps the old children when the new one does not get ready', async () => {
    const mark = join(directory, 'fail-start')
    await using it = await world({ PROCESSES: '2', FAIL_START: mark })
    await it.manager.said('Fragile is ready in 2 processes')
    const before = new Set(readyPids(it.manager))
    writeFileSync(mark, '')
    it.manager.signal('SIGHUP')
    await it.manager.said('did not become ready; the old processes were kept')
    assert.ok(before.has(await it.bus.request<number>('fragile.pid')))
    rmSync(mark)
  })

  test('a child that never gets ready is started again with a growing delay, and the reason is in the log', async () => {
    const mark = join(directory, 'never-ready')
    writeFileSync(mark, '')
    await using it = await world({ PROCESSES: '1', FAIL_START: mark })
    await it.manager.said(/before it was ready: Error: this service cannot start; starting another in 800 ms/)
    const delays = it.manager.lines
      .filter(({ msg }) => msg.includes('starting another'))
      .map((line) => line['delay'])
    assert.deepEqual(delays, [0, 200, 400, 800])
    rmSync(mark)
    await it.manager.said('Fragile is ready in 1 processes')
  })

  test('a manager that waits for its next try stops at once', async () => {
    const mark = join(directory, 'waits')
    writeFileSync(mark, '')
    await using it = await world({ PROCESSES: '1', FAIL_START: mark })
    await it.manager.said('starting another in 400 ms')
    it.manager.signal('SIGINT')
    assert.deepEqual(await it.manager.ended, { code: 0, signal: null })
  })

  test('a child that is still starting can be stopped', async () => {
    await using it = await world({ PROCESSES: '1', SLOW_START: '1000' })
    await it.manager.said('slow to start')
    it.manager.signal('SIGTERM')
    assert.deepEqual(await it.manager.ended, { code: 0, signal: null })
    assert.ok(!it.manager.lines.some(({ msg }) => msg.includes('was killed')))
  })

  test('the manager answers for all its children: readiness, states, and their figures together', async () => {
    const port = await freePort()
    await using it = await world({ PROCESSES: '2', HEALTH: String(port) })
    await it.manager.said('Fragile is ready in 2 processes')
    await Promise.all(Array.from({ length: 20 }, () => it.bus.request('fragile.slow', [20])))
    process.kill(await it.bus.request<number>('fragile.pid'), 'SIGKILL')
    await it.manager.said('a process is ready', 3)
    await Promise.all(Array.from({ length: 20 }, () => it.bus.request('fragile.slow', [20])))
    const read = async (path: string) => (await fetch(`http://127.0.0.1:${port}/${path}`)).text()
    assert.match(await read('readyz'), /"running":2.*"restarts":1/)
    const text = await read('metrics')
    const count = /requests_total\{service="fragile",method="slow",outcome="ok"\} (\d+)/.exec(text)?.[1]
    assert.ok(Number(count) >= 20, text)
    assert.match(text, /commissaire_processes\{service="fragile",state="running"\} 2/)
    assert.match(text, /commissaire_process_restarts_total\{service="fragile"\} 1/)
  })

  test('children do not outlive a manager that is killed', async () => {
    await using it = await world({ PROCESSES: '2' })
    await it.manager.said('Fragile is ready in 2 processes')
    const pids = readyPids(it.manager)
    it.manager.signal('SIGKILL')
    for (const pid of pids) await until(() => isGone(pid), `${pid} is gone`)
  })

  test('a signal to the whole group, as a terminal sends it, drains and does not kill', async () => {
    await using it = await world({ PROCESSES: '2' })
    await it.manager.said('Fragile is ready in 2 processes')
    const answers = Array.from({ length: 4 }, () => it.bus.request<number>('fragile.slow', [2_000, it.mark]))
    await until(() => existsSync(it.mark) && readFileSync(it.mark, 'utf8') === '....', 'all four are in hand')
    process.kill(-it.manager.pid, 'SIGINT')
    await Promise.all(answers)
    assert.deepEqual(await it.manager.ended, { code: 0, signal: null })
  })

  test('a child that somebody else stops is replaced', async () => {
    await using it = await world({ PROCESSES: '1' })
    await it.manager.said('Fragile is ready')
    process.kill(await it.bus.request<number>('fragile.pid'), 'SIGTERM')
    await it.manager.said('ended with exit code 0; starting another at once')
    await it.manager.said('a process is ready', 2)
  })
})

test('a manager wants a whole number of processes', () => {
  class Any extends CommissaireService {}
  for (const processCount of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => new ServiceManager({ serviceClass: Any, processCount }), /processCount is/)
  }
})

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
