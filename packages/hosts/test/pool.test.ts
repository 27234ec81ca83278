import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HostScheduler, RemotePool } from '../src/index.ts'
import { FakeHost, keyPair } from '../src/testing.ts'

let host: FakeHost
let pool: RemotePool
beforeEach(async () => {
  host = await FakeHost.start()
  pool = new RemotePool({ connectTimeout: 5000 })
})
afterEach(async () => {
  await pool.close()
  await host.close()
})

test('a kept connection is used again', async () => {
  for (let round = 0; round < 3; round += 1) {
    await using remote = await pool.connect(host.target())
    await remote.run('true')
  }
  expect([host.connections, pool.size]).toEqual([1, 1])
})

test('many who ask at once share one handshake', async () => {
  const remotes = await Promise.all(Array.from({ length: 20 }, () => pool.connect(host.target())))
  expect([remotes.length, host.connections]).toEqual([20, 1])
})

test('another user is another connection', async () => {
  await pool.connect(host.target())
  await pool.connect(host.target({ user: 'core' }))
  expect(host.connections).toBe(2)
})

test('giving up leaves the others waiting for the same handshake alone', async () => {
  const given = pool.connect(host.target(), { signal: AbortSignal.timeout(1) })
  const kept = pool.connect(host.target())
  await Promise.allSettled([given])
  expect((await (await kept).run('true')).code).toBe(0)
})

test('when all have given up, the handshake ends', async () => {
  host.failure = 'silent'
  await expect(pool.connect(host.target(), { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
    code: 'cancelled',
  })
  host.failure = undefined
  expect((await (await pool.connect(host.target())).run('true')).code).toBe(0)
})

test('a failed handshake is tried anew by the next who asks', async () => {
  host.failure = 'refuses_login'
  await expect(pool.connect(host.target())).rejects.toMatchObject({ code: 'auth_failed' })
  host.failure = undefined
  expect((await (await pool.connect(host.target())).run('true')).code).toBe(0)
})

test('forget closes a kept connection, and the next is new', async () => {
  const remote = await pool.connect(host.target())
  await pool.forget(host.address)
  expect(pool.size).toBe(0)
  await expect(remote.run('true')).rejects.toMatchObject({ code: 'connection_lost' })
  await pool.connect(host.target())
  expect(host.connections).toBe(2)
})

test('a connection that the host ended is not handed out again', async () => {
  await pool.connect(host.target())
  await host.goDown()
  await host.comeUp()
  await vi.waitFor(() => expect(pool.size).toBe(0))
  const remote = await pool.connect(host.target())
  expect((await remote.run('true')).code).toBe(0)
})

test('a kept connection to a host with another key than the pinned one is not used', async () => {
  const { hostKey: _pin, ...unpinned } = host.target()
  await pool.connect(unpinned)
  const pinned = host.target({ hostKey: keyPair().publicKey })
  await expect(pool.connect(pinned)).rejects.toMatchObject({ code: 'host_key_changed' })
})

test('only so many handshakes run at once; the rest waits in line', async () => {
  await using narrow = new RemotePool({ scheduler: new HostScheduler({ limit: 2 }) })
  const hosts = await Promise.all(
    Array.from({ length: 8 }, (_, index) => FakeHost.start({ address: `127.0.2.${index + 1}` })),
  )
  for (const one of hosts) one.failure = 'silent'
  const stop = new AbortController()
  const attempts = hosts.map((one) => narrow.connect(one.target(), { signal: stop.signal }))
  const settled = Promise.allSettled(attempts)
  const deadline = Date.now() + 5000
  const begun = (): number => hosts.reduce((sum, one) => sum + one.connections, 0)
  while (begun() < 2 && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve))
  expect(begun()).toBe(2)
  stop.abort()
  expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
  await Promise.all(hosts.map((one) => one.close()))
})

test('beyond the bound the longest unused connection is closed', async () => {
  await using small = new RemotePool({ maxConnections: 1 })
  await using other = await FakeHost.start({ address: '127.0.2.9' })
  await using _first = await small.connect(host.target())
  await _first.close()
  await small.connect(other.target())
  expect(small.size).toBe(1)
})

test('close waits for what runs, and then nothing connects any more', async () => {
  host.latency = 100
  const remote = await pool.connect(host.target())
  const running = remote.run('true')
  await pool.close()
  expect((await running).code).toBe(0)
  await expect(pool.connect(host.target())).rejects.toMatchObject({ code: 'closed' })
})

test('a host that is silent while much else runs is tried again, and one that is silent alone is not', async () => {
  await using busy = new RemotePool({ scheduler: new HostScheduler({ limit: 2 }), connectTimeout: 300 })
  await using slow = await FakeHost.start({ address: '127.0.2.10' })
  slow.failure = 'silent'
  await expect(busy.connect(slow.target())).rejects.toMatchObject({ code: 'timeout' })
  expect(slow.connections).toBe(1)
  const other = await busy.scheduler.enter()
  const waiting = busy.connect(slow.target())
  await vi.waitUntil(() => slow.connections === 2)
  slow.failure = undefined
  await using _remote = await waiting
  expect(slow.connections).toBe(3)
  other.leave()
})
