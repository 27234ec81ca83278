/** A real redis-server of one's own, on a port that was free, without persistence. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.ts'

/** A running server; disposing of it ends it. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string
  stop(): Promise<void>
  start(): Promise<void>
  /** Sends a signal: SIGKILL is gone at once, SIGSTOP answers nothing and keeps its connections. */
  signal(signal: NodeJS.Signals): void
}

/** True when there is a redis-server. In CI it must be there; elsewhere its absence is said aloud. */
export function hasRedis(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true
  const text = 'there is no redis-server; install it with: apt-get install redis-server'
  if (process.env['CI'] !== undefined) throw new Error(text)
  console.warn(`SKIPPED: ${text}`)
  return false
}

/** Starts a server and waits until it answers. */
export async function startRedis(): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}/`
  let server: ChildProcess | undefined
  const start = async () => {
    const options = ['--port', String(port), '--save', '', '--appendonly', 'no', '--dir', directory]
    server = spawn('redis-server', options, { stdio: 'ignore' })
    await until('redis-server answers', () => answers(url))
  }
  const stop = async () => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const gone = new Promise((resolve) => server?.once('exit', resolve))
    server.kill('SIGKILL')
    await gone
  }
  await start()
  const dispose = async () => {
    await stop()
    rmSync(directory, { recursive: true })
  }
  const signal = (name: NodeJS.Signals) => void server?.kill(name)
  return { url, start, stop, signal, [Symbol.asyncDispose]: dispose }
}

async function answers(url: string): Promise<boolean> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}

/** A port that nobody listens at. */
export function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
