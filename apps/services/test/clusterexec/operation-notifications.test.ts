/** What counts of an operation is told once, in the order in which it happens. */
import { until } from '@commissaire/testing'
import { expect, test } from 'vitest'

import { TestSystem } from '../system.ts'

interface Tiding {
  readonly id: string
  readonly event: string
  readonly operation: { readonly id: string; readonly status: string }
  readonly host?: { readonly address: string; readonly code: string }
}

async function toldOf(system: TestSystem): Promise<() => Tiding[]> {
  const heard = await system.listen('notify.operation.*')
  return () =>
    heard
      .filter(({ routingKey }) => routingKey !== 'notify.operation.output')
      .map(({ body }) => body as Tiding)
}

test('that it started, how each host ended, and how it ended', async () => {
  await using system = await TestSystem.start({ watcher: false })
  const hosts = [await system.activeHost(), await system.activeHost()]
  await system.cluster('web', hosts)
  const told = await toldOf(system)
  await system.bus.request('jobs.clusterexec.start', { kind: 'exec', cluster_name: 'web', command: 'true' })
  await until(() => told().some(({ event }) => event === 'operation.finished') || undefined)
  const names = told().map(({ event, host }) => [event, host?.address])
  expect(names[0]).toEqual(['operation.started', undefined])
  expect(names.at(-1)).toEqual(['operation.finished', undefined])
  expect(names.slice(1, -1).toSorted()).toEqual(
    hosts.map(({ address }) => ['operation.host_done', address]).toSorted(),
  )
  expect(new Set(told().map(({ id }) => id)).size).toBe(4)
  expect(told().at(-1)?.operation.status).toBe('finished')
  expect(JSON.stringify(told())).not.toContain('command')
}, 30_000)

test('that a host failed, and then what becomes of the operation, each once', async () => {
  await using system = await TestSystem.start({ watcher: false })
  const host = await system.activeHost({
    respond: ({ command }) => (command.includes('no-such-thing') ? { code: 127 } : undefined),
  })
  await system.cluster('web', [host])
  const told = await toldOf(system)
  const wish = { kind: 'exec', cluster_name: 'web', command: 'no-such-thing' }
  const { id } = await system.bus.request<{ id: string }>('jobs.clusterexec.start', wish)
  const has = (name: string) => until(() => told().some(({ event }) => event === name) || undefined)
  await has('operation.host_failed')
  await until(
    () => told().some(({ event }) => /paused|failed$/.test(event) && !event.includes('host')) || undefined,
  )
  const last = told().at(-1)
  if (last?.event === 'operation.paused') {
    await system.bus.request('jobs.clusterexec.ask', { operation: id, what: 'cancel' })
    await until(() => /cancelled|failed$/.test(told().at(-1)?.event ?? '') || undefined)
  }
  const events = told().map(({ event }) => event)
  expect(events.slice(0, 2)).toEqual(['operation.started', 'operation.host_failed'])
  expect(new Set(events).size).toBe(events.length)
}, 30_000)
