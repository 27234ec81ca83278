/** An overloaded server refuses at once what it cannot serve, and goes on serving the rest. */
import { once } from 'node:events'
import { connect as connectBus } from '@commissaire/bus'
import { StorageClient } from '@commissaire/storage'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Admission } from '../src/http/admission.ts'
import { openWorld, type World } from './world.ts'

describe('admission', () => {
  test('works on as many as the limit says, lets as many wait, and refuses the rest', async () => {
    const admission = new Admission({ maxRequests: 2, maxWaiting: 1 })
    await Promise.all([admission.enter(), admission.enter()])
    const third = admission.enter()
    await expect(admission.enter()).rejects.toMatchObject({ statusCode: 503 })
    expect([admission.running, admission.waiting]).toEqual([2, 1])
    admission.leave()
    await third
    expect([admission.running, admission.waiting]).toEqual([2, 0])
    admission.leave()
    admission.leave()
    expect(admission.running).toBe(0)
  })

  test('refuses who has waited too long', async () => {
    const admission = new Admission({ maxRequests: 1, maxWait: 20 })
    await admission.enter()
    await expect(admission.enter()).rejects.toMatchObject({ statusCode: 503 })
    expect(admission.waiting).toBe(0)
  })
})

describe('a server whose storage is stuck', () => {
  let world: World
  let free: () => void
  const cleanups: (() => Promise<unknown>)[] = []

  beforeEach(async () => {
    const bus = await connectBus('memory://')
    const { promise, resolve } = Promise.withResolvers<unknown>()
    free = () => resolve([])
    const serving = await bus.serve(
      { name: 'storage', routingKeys: ['storage.*'] },
      { prefetch: 100, handler: ({ method }) => (method === 'store_health' ? [] : promise) },
    )
    const limits = { maxRequests: 4, maxWaiting: 4, maxWait: 300 }
    world = await openWorld({ bus, storage: new StorageClient(bus), ...limits })
    cleanups.push(
      () => world[Symbol.asyncDispose](),
      () => serving.stop(),
      () => bus.close(),
    )
  })
  afterEach(async () => {
    free()
    for (const cleanup of cleanups.splice(0)) await cleanup()
  })

  test('answers 503 with Retry-After to all but those it can hold, and its health at all times', async () => {
    const all = Array.from({ length: 50 }, () => world.ask('GET', '/clusters'))
    const refused = await Promise.all(all.slice(8))
    expect(new Set(refused.map(({ statusCode }) => statusCode))).toEqual(new Set([503]))
    for (const { headers } of refused) expect(headers['retry-after']).toMatch(/^[123]$/)
    expect(refused[0]?.json()).toMatchObject({ status: 503, detail: expect.stringContaining('Try again') })
    expect((await world.app.inject('/healthz')).statusCode).toBe(200)
    expect((await world.app.inject('/readyz')).statusCode).toBe(200)
    free()
    const served = await Promise.all(all.slice(0, 4))
    expect(served.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200])
    expect((await world.ask('GET', '/clusters')).statusCode).toBe(200)
  })

  test('a client that leaves gives its place to the next', async () => {
    await world.app.listen({ port: 0, host: '127.0.0.1' })
    const address = world.app.server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/api/v0/clusters`
    const { headers } = (await world.ask('GET', '/nothing')).raw.req as unknown as {
      headers: Record<string, string>
    }
    const stop = new AbortController()
    const gone = Array.from({ length: 4 }, () =>
      fetch(url, { headers, signal: stop.signal }).catch(() => undefined),
    )
    for (let count = 0; count < 4; count++) await once(world.app.server, 'request')
    stop.abort()
    await Promise.all(gone)
    free()
    expect((await world.ask('GET', '/clusters')).statusCode).toBe(200)
  })
})
