/**
 * Whoever works on an operation says so all the time, and is left alone as long as he does.
 *
 * Once nobody did: `rollOut` returned the promise of its work without awaiting it in the block that owns the heartbeat,
 * so the heartbeat ended before its first beat. The record was renewed by progress alone. A host whose turn took
 * longer than the lease was then taken over every lease, by the same process, each time with the host's whole
 * patience anew: one that did not come back was waited for without end, and a long upgrade had two workers.
 */
import { until } from '@commissaire/testing'
import { ClusterRestart, OperationLease } from '@commissaire/models'
import { expect, test } from 'vitest'

import { ClusterexecService } from '../../src/index.ts'
import { quickReboot, TestSystem, untilEnded } from '../system.ts'

const short = { lease: 2000, reboot: { ...quickReboot, returnWithin: 6000 } }

function reboots(commands: readonly string[]): number {
  return commands.filter((command) => command.includes('systemctl reboot')).length
}

test('a host that is away for longer than a lease stays with the worker that sent it away', async () => {
  await using system = await TestSystem.start({ watcher: false, clusterexec: short })
  const host = await system.activeHost()
  host.downTime = 4000
  await system.cluster('web', [host])
  await system.run(new ClusterexecService({ ...system.shared, ...short, bus: await system.connect() }))
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  const { last, workers } = await watched(system)
  expect(last).toMatchObject({ status: 'finished', restarted: [host.address] })
  expect(workers.size).toBe(1)
  expect(reboots(host.commands)).toBe(1)
})

test('a host that does not return ends its restart in its own time, however short the lease', async () => {
  await using system = await TestSystem.start({ watcher: false, clusterexec: short })
  const host = await system.activeHost()
  host.onReboot = 'never_returns'
  await system.cluster('web', [host])
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  const { last, workers } = await watched(system)
  expect(last?.failures[host.address]).toMatch(/^did_not_return: /)
  expect(workers.size).toBe(1)
})

test('a process that was too busy to give a sign of life goes on, and does not reboot again', async () => {
  await using system = await TestSystem.start({ watcher: false, clusterexec: short })
  const host = await system.activeHost()
  host.downTime = 800
  await system.cluster('web', [host])
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  await until(() => reboots(host.commands) || undefined)
  hog(2 * short.lease)
  const { last } = await watched(system)
  expect(last).toMatchObject({ status: 'finished', failures: {} })
  expect(reboots(host.commands)).toBe(1)
})

/** What is stored of the operation and of who works on it, looked at until it has ended. */
async function watched(system: TestSystem) {
  const seen: ClusterRestart[] = []
  const workers = new Set<string>()
  await untilEnded(async () => {
    const operation = await system.storage.get(ClusterRestart, 'web')
    const lease = await system.storage.find(OperationLease, 'restart-of-web')
    if (lease?.worker) workers.add(lease.worker)
    seen.push(operation)
    return operation
  })
  return { last: seen.at(-1), workers }
}

/** Keeps the whole process busy, timers and all. */
function hog(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}
