/** Alive, ready, and counting. */
import { readFileSync } from 'node:fs'
import { connect } from '@commissaire/bus'
import { Host, parseModel } from '@commissaire/models'
import { StorageClient } from '@commissaire/storage'
import { expect, test } from 'vitest'
import { openWorld } from '../world.ts'

test('a server is alive and ready while the storage answers', async () => {
  await using world = await openWorld()
  expect((await world.app.inject('/healthz')).json()).toEqual({ status: 'ok' })
  expect((await world.app.inject('/readyz')).json()).toEqual({ status: 'ok' })
})

test('a server without a storage service is alive and not ready', async () => {
  const bus = await connect('memory://')
  await using world = await openWorld({ bus, storage: new StorageClient(bus) })
  expect((await world.app.inject('/healthz')).statusCode).toBe(200)
  const answer = await world.app.inject('/readyz')
  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toMatchObject({ detail: 'The storage service does not answer.' })
  await bus.close()
})

test('a server whose store cannot be written is alive and not ready, and the metrics say which store it is', async () => {
  const bus = await connect('memory://')
  const stores = [
    { store: 'main', usable: true, reason: '' },
    { store: 'second', usable: false, reason: 'The store second could not be written: its disk is full' },
  ]
  const serving = await bus.serve(
    { name: 'storage', routingKeys: ['storage.*'] },
    { handler: ({ method }) => (method === 'store_health' ? stores : []) },
  )
  await using world = await openWorld({ bus, storage: new StorageClient(bus) })
  expect((await world.app.inject('/healthz')).statusCode).toBe(200)
  const answer = await world.app.inject('/readyz')
  expect([answer.statusCode, answer.json()['detail']]).toEqual([503, stores[1]?.reason])
  const { body } = await world.ask('GET', '/api/v0/../../metrics')
  expect(body).toContain('commissaire_store_usable{store="main"} 1')
  expect(body).toContain('commissaire_store_usable{store="second"} 0')
  await serving.stop()
  await bus.close()
})

test('a storage service that takes longer than a second is not ready', async () => {
  const bus = await connect('memory://')
  const { promise, resolve } = Promise.withResolvers<void>()
  const serving = await bus.serve({ name: 'storage', routingKeys: ['storage.*'] }, { handler: () => promise })
  await using world = await openWorld({ bus, storage: new StorageClient(bus) })
  const started = performance.now()
  expect((await world.app.inject('/readyz')).statusCode).toBe(503)
  expect(performance.now() - started).toBeLessThan(5000)
  resolve()
  await serving.stop()
  await bus.close()
})

test('hosts are counted by status, and each figure is in the manual', async () => {
  await using world = await openWorld()
  const host = { os: 'fedora' }
  for (const [address, status] of Object.entries({ '1.1.1.1': 'active', '1.1.1.2': 'active', '1.1.1.3': '' }))
    await world.storage.save(Host, parseModel(Host, { ...host, address, status }))
  const { body } = await world.ask('GET', '/api/v0/../../metrics')
  expect(body).toContain('commissaire_hosts{status="active"} 2')
  expect(body).toContain('commissaire_hosts{status="unknown"} 1')
  expect(body).toContain('commissaire_hosts{status="failed"} 0')
  const manual = readFileSync(new URL('../../../../docs/reference/metrics.md', import.meta.url), 'utf8')
  for (const [, name, type] of body.matchAll(/^# TYPE (\w+) (\w+)$/gm))
    expect(manual).toContain(`| \`${name}\` | ${type} |`)
})

test('while the storage does not answer there is no count of hosts, and the rest is there', async () => {
  const bus = await connect('memory://')
  await using world = await openWorld({ bus, storage: new StorageClient(bus) })
  const { body, statusCode } = await world.ask('GET', '/api/v0/../../metrics')
  expect([statusCode, body.includes('commissaire_hosts{')]).toEqual([200, false])
  await bus.close()
})

test('requests are counted by route, and the figures are not for everybody', async () => {
  await using world = await openWorld()
  await world.ask('GET', '/cluster/a')
  await world.ask('GET', '/cluster/b')
  expect((await world.app.inject('/metrics')).statusCode).toBe(403)
  const answer = await world.ask('GET', '/api/v0/../../metrics')
  expect(answer.headers['content-type']).toContain('text/plain')
  expect(answer.body).toContain(
    'commissaire_http_request_seconds_count{method="GET",route="/api/v0/cluster/:name",status="404"} 2',
  )
})
