/**
 * A call over Redis, acknowledged: claimed, answered and settled, from one process to another.
 *
 * Starts a redis-server, a service and a caller of its own, and beside them two processes that do nothing but hand a
 * list element to and fro: what a round trip costs on this machine before anything is promised about it.
 */

import { freePort } from '@commissaire/testing'
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type Bus } from '@commissaire/bus'
import { Redis } from 'ioredis'

/** What was measured. Times are in milliseconds, processor times in microseconds for each call. */
export interface BusRedisFigures {
  readonly callsPerSecond: number
  readonly sequentialCallsPerSecond: number
  readonly sequentialMedianMs: number
  readonly bareRoundTripMedianMs: number
  /** How many bare round trips a call takes: the one figure that does not depend on the machine. */
  readonly ratio: number
  readonly callerMicrosecondsPerCall: number
  readonly serviceMicrosecondsPerCall: number
  readonly redisMicrosecondsPerCall: number
  [name: string]: number
}

const inFlight = 100
const seconds = 4
const rounds = 3_000

/** Measures; takes about fifteen seconds. */
export async function measureBusRedis(): Promise<BusRedisFigures> {
  await using redis = await startRedis()
  await using service = await child('service', redis.url)
  await using echo = await child('echo', redis.url)
  await using bus = await connect(redis.url)
  const control = new Redis(redis.url)
  try {
    await concurrent(bus, 1)
    await sequential(bus, 500)
    await bare(redis.url, 500)
    const many = await withProcessorTimes(control, service.process, () => concurrent(bus, seconds))
    // One after the other in turns, so that what else the machine does meets both alike.
    const calls: number[] = []
    const trips: number[] = []
    for (let turn = 0; turn < 4; turn++) {
      calls.push(...(await sequential(bus, rounds / 4)))
      trips.push(...(await bare(redis.url, rounds / 4)))
    }
    void echo
    return figures(many, { calls, trips })
  } finally {
    control.disconnect()
  }
}

interface Many {
  readonly count: number
  readonly ms: number
  readonly caller: number
  readonly service: number
  readonly redis: number
}

function figures(many: Many, { calls, trips }: { calls: number[]; trips: number[] }): BusRedisFigures {
  const sequentialMedianMs = round(median(calls))
  const bareRoundTripMedianMs = round(median(trips))
  return {
    callsPerSecond: Math.round((many.count / many.ms) * 1000),
    sequentialCallsPerSecond: Math.round(1000 / (calls.reduce((sum, ms) => sum + ms, 0) / calls.length)),
    sequentialMedianMs,
    bareRoundTripMedianMs,
    ratio: round(median(calls) / median(trips)),
    callerMicrosecondsPerCall: round(many.caller / many.count),
    serviceMicrosecondsPerCall: round(many.service / many.count),
    redisMicrosecondsPerCall: round(many.redis / many.count),
  }
}

/** Calls with so many in flight for so long. */
async function concurrent(bus: Bus, seconds: number): Promise<{ count: number; ms: number }> {
  const start = performance.now()
  const end = start + seconds * 1000
  let count = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const sum = await bus.request('bench.add', [count, 1])
      if (typeof sum !== 'number') throw new Error(`bench.add answered ${String(sum)}`)
      count++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return { count, ms: performance.now() - start }
}

async function sequential(bus: Bus, count: number): Promise<number[]> {
  return timed(count, () => bus.request('bench.add', [1, 2]))
}

/** The same way there and back, with nothing on it: LPUSH here, BRPOP there, LPUSH there, BRPOP here. */
async function bare(url: string, count: number): Promise<number[]> {
  const sender = new Redis(url)
  const receiver = new Redis(url)
  const times = await timed(count, async () => {
    const answer = receiver.brpop('bare-answer', 5)
    await sender.lpush('bare', 'x')
    await answer
  })
  sender.disconnect()
  receiver.disconnect()
  return times
}

async function timed(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
  }
  return times
}

async function withProcessorTimes(
  control: Redis,
  service: ChildProcess,
  work: () => Promise<{ count: number; ms: number }>,
): Promise<Many> {
  const before = {
    caller: process.cpuUsage(),
    service: await usageOf(service),
    redis: await redisUsage(control),
  }
  const { count, ms } = await work()
  const caller = process.cpuUsage(before.caller)
  const after = { service: await usageOf(service), redis: await redisUsage(control) }
  return {
    count,
    ms,
    caller: caller.user + caller.system,
    service: after.service - before.service,
    redis: after.redis - before.redis,
  }
}

async function usageOf(child: ChildProcess): Promise<number> {
  child.send('usage')
  const [usage] = (await once(child, 'message')) as [number]
  return usage
}

async function redisUsage(control: Redis): Promise<number> {
  const info = await control.info('cpu')
  const seconds = (name: string): number => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1])
  return (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1e6
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

async function startRedis(): Promise<{ url: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'commissaire-bench-'))
  const port = await freePort()
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  const server = spawn('redis-server', args, { stdio: 'ignore' })
  const failed = once(server, 'error').then(([error]) => {
    throw new Error('redis-server cannot be started; run: apt-get install redis-server', { cause: error })
  })
  const url = `redis://127.0.0.1:${port}`
  await Promise.race([failed, whenUp(url)])
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.kill('SIGKILL')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function whenUp(url: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 })
  redis.on('error', () => {})
  await redis.ping()
  redis.disconnect()
}

async function child(role: string, url: string): Promise<{ process: ChildProcess } & AsyncDisposable> {
  const started = fork(fileURLToPath(import.meta.url), [role, url], { execArgv: process.execArgv })
  await once(started, 'message')
  return {
    process: started,
    async [Symbol.asyncDispose]() {
      started.kill()
    },
  }
}

async function serve(url: string): Promise<void> {
  const bus = await connect(url)
  const handler = ({ params }: { params: unknown }): number =>
    Array.isArray(params) ? params[0] + params[1] : 0
  await bus.serve({ name: 'bench', routingKeys: ['bench.*'] }, { handler })
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
}

async function serveEcho(url: string): Promise<void> {
  const receiver = new Redis(url)
  const sender = new Redis(url)
  const loop = async (): Promise<void> => {
    for (;;) if (await receiver.brpop('bare', 5)) await sender.lpush('bare-answer', 'x')
  }
  loop().catch(() => process.exit())
}

const [, program, role, url] = process.argv
if (program === fileURLToPath(import.meta.url)) {
  if (url === undefined) console.log(await measureBusRedis())
  else {
    await (role === 'service' ? serve(url) : serveEcho(url))
    process.send?.('ready')
    process.on('SIGTERM', () => process.exit())
  }
}
