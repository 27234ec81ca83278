/** A Redis of the tests' own: on a free port, with its data on disk, to be killed and started again. */

import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { connect } from '../../src/index.ts'
import type { World } from '../../src/testing.ts'
import { open } from '../../src/transports/redis.ts'
import { injectIntoRedis } from './redis-injection.ts'
import { quietOptions } from './quiet-options.ts'

/** Whether there is a server to test with. In CI its absence is a failure, not a reason to skip. */
export const haveRedis = present()

function present(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true
  if (process.env['CI']) throw new Error('redis-server is missing; run: apt-get install redis-server')
  console.warn('SKIPPED all tests on Redis: redis-server is missing; run: apt-get install redis-server')
  return false
}

/** A server, its address, and a plain client for looking at it. */
export class RedisServer {
  readonly port: number
  readonly #directory: string
  readonly client: Redis
  #process: ChildProcess | undefined

  private constructor(port: number, directory: string) {
    this.port = port
    this.#directory = directory
    this.client = new Redis(port, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => 30 })
    this.client.on('error', () => {})
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'commissaire-redis-')))
    await server.resume()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async resume(): Promise<void> {
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#directory, ...durable]
    this.#process = spawn('redis-server', args, { stdio: 'ignore' })
    await this.client.ping()
  }

  async kill(): Promise<void> {
    const server = this.#process
    this.#process = undefined
    if (!server?.kill('SIGKILL')) return
    await once(server, 'exit')
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  async remove(): Promise<void> {
    this.client.disconnect()
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

export async function redisWorld(): Promise<World> {
  const server = await RedisServer.start()
  const buses: AsyncDisposable[] = []
  return {
    async connect(options) {
      const bus = await connect(server.url, options)
      buses.push(bus)
      return bus
    },
    open: (onReply) => open(new URL(server.url), quietOptions(onReply)),
    takeAndDie: (queue) => takeAndDie(server.url, queue),
    stopBroker: () => server.kill(),
    startBroker: () => server.resume(),
    inject: (queue, message) => injectIntoRedis(server.client, queue, message),
    unsettled: () => server.client.hlen('unacked'),
    inventory: async () => (await server.client.keys('*')).sort(),
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus[Symbol.asyncDispose]()
      await server.remove()
    },
  }
}

const program = fileURLToPath(new URL('../fixtures/take-and-die.ts', import.meta.url))

/** Starts a real process that takes a message, and kills it while it has it. */
export async function takeAndDie(url: string, queue: string): Promise<void> {
  const consumer = fork(program, [url, queue], { execArgv: ['--conditions=@commissaire/source'] })
  await once(consumer, 'message')
  consumer.kill('SIGKILL')
  await once(consumer, 'exit')
}
