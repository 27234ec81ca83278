/** A Redis server on a free port, which can be killed and started again with what it had. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../free-port.ts'

/** Whether there is a server to test with. In CI its absence is a failure, not a reason to skip. */
export const haveRedis = present()

function present(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true
  if (process.env['CI']) throw new Error('redis-server is missing; run: apt-get install redis-server')
  console.warn('SKIPPED all tests on Redis: redis-server is missing; run: apt-get install redis-server')
  return false
}

/** A server, its address, and a plain client for looking at it. */
export class RedisServer implements AsyncDisposable {
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

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove()
  }

  async remove(): Promise<void> {
    this.client.disconnect()
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
