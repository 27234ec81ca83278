/**
 * Whoever works on an operation says so all the time, and is left alone as long as he does.
 *
 * Once nobody did: `rollOut` returned the promise of its work without awaiting it in the block that owns the heartbeat,
 * so the heartbeat ended before its first beat. The record was renewed by progress alone. A host whose turn took
 * longer than the lease was then taken over every lease, by the same process, each time with the host's whole
 * patience anew: one that did not come back was waited for without end, and a long upgrade had two workers.
 */
import { ClusterRestart } from '@commissaire/models'
import { expect, test } from 'vitest'

import { ClusterexecService } from '../src/index.ts'
import { quickReboot, TestSystem, until, untilEnded } from './system.ts'

const short = { lease: 600, reboot: { ...quickReboot, returnWithin: 2500 } }

function reboots(commands: readonly string[]): number {
  return commands.filter((command) => command.includes('systemctl reboot')).length
}

test('a host that is away for longer than a lease stays with the worker that sent it away', async () => {
  await using system = await TestSystem.start({ watcher: false, clusterexec: short })
  const host = await system.activeHost()
  host.downTime = 2000
  await system.cluster('web', [host])
  await system.run(new ClusterexecService({ ...system.shared, ...short, bus: await system.connect() }))
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  const seen = await watched(system)
  expect(seen.at(-1)).toMatchObject({ status: 'finished', restarted: [host.address] })
  expect(workersOf(seen)).toHaveLength(1)
  expect(reboots(host.commands)).toBe(1)
})

test('a host that does not return ends its restart in its own time, however short the lease', async () => {
  await using system = await TestSystem.start({ watcher: false, clusterexec: short })
  const host = await system.activeHost()
  host.onReboot = 'never_returns'
  await system.cluster('web', [host])
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  const seen = await watched(system)
  expect(seen.at(-1)?.failures[host.address]).toMatch(/^did_not_return: /)
  expect(workersOf(seen)).toHaveLength(1)
})

test('a process that was too busy to give a sign of life does not take over from itself', async () => {
  await using system = await TestSystem.start({ watcher: false, clusterexec: short })
  const host = await system.activeHost()
  host.downTime = 800
  await system.cluster('web', [host])
  await system.bus.request('jobs.clusterexec.restart', ['web'])
  await until(() => reboots(host.commands) || undefined)
  hog(2 * short.lease)
  const seen = await watched(system)
  expect(seen.at(-1)).toMatchObject({ status: 'finished', failures: {} })
  expect(workersOf(seen)).toHaveLength(1)
  expect(reboots(host.commands)).toBe(1)
})

/** What is stored of the operation, looked at until it has ended. */
async function watched(system: TestSystem): Promise<ClusterRestart[]> {
  const seen: ClusterRestart[] = []
  await untilEnded(async () => {
    const operation = await system.storage.get(ClusterRestart, 'web')
    seen.push(operation)
    return operation
  })
  return seen
}

function workersOf(seen: readonly ClusterRestart[]): string[] {
  return [...new Set(seen.map(({ worker }) => worker))]
}

/** Keeps the whole process busy, timers and all. */
function hog(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}
