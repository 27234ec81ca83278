/** A process that is told to end ends, also when its Redis dies or falls silent at that very moment. */
import { haveRedis, RedisServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { type AddressInfo, connect as open, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { connect } from '@commissaire/bus'
import { Program } from '../program/program.ts'

const file = join(import.meta.dirname, '../programs/closing.ts')
const start = (url: string) => new Program(file, ['--bus-uri', url])

describe.skipIf(!haveRedis)('over a real Redis', { timeout: 30_000 }, () => {
  let redis: RedisServer

  beforeEach(async () => {
    redis = await RedisServer.start()
  })
  afterEach(() => redis[Symbol.asyncDispose]())

  const orders = { 'just before': ['redis', 'program'], 'just after': ['program', 'redis'] } as const

  for (const [when, order] of Object.entries(orders)) {
    for (const busy of [false, true]) {
      test(`Redis dies ${when} SIGTERM, with ${busy ? 'a' : 'no'} message in hand: it ends well`, async () => {
        await using program = start(redis.url)
        await program.said('Closing is running')
        if (busy) await occupy(redis.url, program)
        for (const each of order) {
          if (each === 'redis') redis.signal('SIGKILL')
          else program.signal('SIGTERM')
        }
        const began = performance.now()
        assert.deepEqual(await program.ended, { code: 0, signal: null })
        assert.ok(performance.now() - began < 6_000)
      })
    }
  }

  test('Redis falls silent and keeps its connections: the process is ended in time, and says so', async () => {
    await using program = start(redis.url)
    await program.said('Closing is running')
    await occupy(redis.url, program)
    redis.signal('SIGSTOP')
    program.signal('SIGTERM')
    const { code } = await program.ended
    if (code !== 0) {
      assert.equal(code, 1)
      await program.said('ms after SIGTERM and was ended with status 1')
    }
  })

  // What a client sends first when it asks for the version, subscribes, and declares its queue.
  for (const word of ['INFO', 'SUBSCRIBE', 'SADD']) {
    test(`Redis dies while the service starts, at ${word}: it ends with status 1`, async () => {
      await using proxy = await cutAt(word, redis.url)
      await using program = start(proxy.url)
      assert.deepEqual(await program.ended, { code: 1, signal: null })
    })
  }
})

/** Gives the service something that takes longer than it has. */
async function occupy(url: string, program: Program): Promise<void> {
  const bus = await connect(url)
  await bus.notify('closing.slow', [600])
  await program.said('slow has begun')
  await bus.close()
}

/** A way to Redis that ends for good when a client says that word. */
async function cutAt(word: string, url: string): Promise<AsyncDisposable & { url: string }> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const redis = open(Number(new URL(url).port), '127.0.0.1')
    for (const socket of [client, redis]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => (client.destroy(), redis.destroy()))
    }
    redis.pipe(client)
    client.on('data', (data) =>
      data.toString('latin1').toUpperCase().includes(word) ? cut() : redis.write(data),
    )
  })
  const cut = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `redis://127.0.0.1:${port}/`, [Symbol.asyncDispose]: async () => cut() }
}
