/** A redis-server of the tests' own, on a socket of its own port, without anything kept on disk. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createServer } from 'node:net'

import { connect } from '@commissaire/bus'
import { vi } from 'vitest'

/** Undefined when Redis can be run here; else what to do. In CI its absence is a failure. */
export const withoutRedis = isThere()
  ? undefined
  : 'redis-server is missing; run: apt-get install redis-server'

if (withoutRedis) console.warn(`Tests over Redis are left out: ${withoutRedis}`)

/** Runs until it is disposed of. */
export class RedisServer implements AsyncDisposable {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(port: number) {
    this.url = `redis://127.0.0.1:${port}/`
    const options = ['--port', String(port), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1']
    this.#process = spawn('redis-server', options, { stdio: 'ignore' })
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort())
    await vi.waitFor(async () => (await connect(server.url)).close(), { timeout: 20_000, interval: 100 })
    return server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }
}

function isThere(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
