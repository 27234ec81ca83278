import { freePort } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { CommissaireService } from '../src/index.ts'
import { serveHealth } from '../src/observability/health.ts'
import { Notebook } from './notebook.ts'

let isReady = true
const health = {
  isReady: () => isReady,
  describe: () => ({ service: 'Any' }),
  metrics: () => Promise.resolve('figures 1\n'),
}

test('readiness, health and figures are answered, and nothing else', async () => {
  await using server = await serveHealth('0', health)
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status
  assert.deepEqual(
    await Promise.all(['/readyz', '/healthz', '/metrics', '/', '/etc/passwd'].map(status)),
    [200, 200, 200, 404, 404],
  )
  isReady = false
  assert.deepEqual(await Promise.all(['/readyz', '/healthz'].map(status)), [503, 200])
})

test('figures that cannot be made are one failed answer', async () => {
  const metrics = () => Promise.reject(new Error('no figures'))
  await using server = await serveHealth('127.0.0.1:0', { ...health, metrics })
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`)
  assert.deepEqual([response.status, await response.text()], [500, '{"error":"no figures"}'])
})

test('an address that is none, or is taken, is an error that names it', async () => {
  await assert.rejects(serveHealth('everywhere', health), /cannot listen at "everywhere"; it must be a port/)
  await using server = await serveHealth('0', health)
  await assert.rejects(serveHealth(String(server.port), health), /cannot listen at \d+: .*EADDRINUSE/)
})

test('a service that runs answers at healthListen, until it is closed', async () => {
  class Any extends CommissaireService {}
  const port = await freePort()
  const options = { connectionUrl: 'memory://health', healthListen: String(port), log: new Notebook() }
  const service = new Any(options)
  const ready = Promise.withResolvers<void>()
  const ended = service.run({ onReady: ready.resolve })
  await ready.promise
  const response = await fetch(`http://127.0.0.1:${port}/readyz`)
  assert.match(await response.text(), /"service":"Any".*"state":"running"/)
  await service.close()
  await ended
  await assert.rejects(fetch(`http://127.0.0.1:${port}/readyz`))
})
