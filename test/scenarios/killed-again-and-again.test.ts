/**
 * A restart whose program is killed every five seconds, which is less than the time for which each host has to stay well
 * after its reboot: every start gets further than the one before it.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { clusterOf, expectStatus, reboots, type ShownOperation } from './suite/scenario.ts'
import { oneProcess } from './worlds/one-process.ts'
import type { World } from './worlds/world.ts'

/** Seconds for which a host has to stay well; more than a life of the program. */
const SETTLE_TIME = 6
/** Milliseconds from a start to the next kill. */
const LIFE = 5_000

describe('a program that is killed every five seconds', { timeout: 420_000 }, () => {
  let world: World
  beforeAll(async () => {
    world = await oneProcess({ settleTime: SETTLE_TIME })
  }, 120_000)
  afterAll(() => world[Symbol.asyncDispose](), 60_000)

  test('ends its restart, and reboots no host twice', async () => {
    const undisturbed = await clusterOf(world, 'undisturbed', { count: 2 })
    const disturbed = await clusterOf(world, 'disturbed', { count: 2 })
    const usual = await timed(async () => {
      await expectStatus(world, 201, ['PUT', '/cluster/undisturbed/restart'])
      return endedDespite(world, '/cluster/undisturbed/restart')
    })
    assert.equal(usual.end.status, 'finished')

    let kills = 0
    const disturbing = new AbortController()
    const killing = killAgainAndAgain(world, disturbing.signal, () => kills++)
    const killed = await timed(async () => {
      await expectStatus(world, 201, ['PUT', '/cluster/disturbed/restart'])
      return endedDespite(world, '/cluster/disturbed/restart')
    })
    disturbing.abort()
    await killing
    assert.deepEqual(
      [killed.end.status, killed.end.failures],
      ['finished', {}],
      world.log('commissaire').slice(-4000),
    )
    assert.deepEqual([...undisturbed, ...disturbed].map(reboots), [1, 1, 1, 1])
    assert.ok(kills >= 2, `it was killed ${kills} times only`)
    // How long it takes depends on how long the program takes to start here and now, so it is told and not judged.
    console.log(`${killed.ms} ms with ${kills} kills, ${usual.ms} ms without`)
  })
})

async function timed(work: () => Promise<ShownOperation>): Promise<{ end: ShownOperation; ms: number }> {
  const started = performance.now()
  const end = await work()
  return { end, ms: Math.round(performance.now() - started) }
}

async function killAgainAndAgain(world: World, signal: AbortSignal, onKill: () => void): Promise<void> {
  while (!signal.aborted) {
    await pause(LIFE, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    onKill()
    await world.restart('commissaire')
  }
}

/** Waits for the end of an operation, on a server that is away again and again. */
async function endedDespite(world: World, path: string): Promise<ShownOperation> {
  for (const until = Date.now() + 300_000; ;) {
    assert.ok(Date.now() < until, `${path} is not over after five minutes`)
    const answer = await world.api<ShownOperation>('GET', path).catch(() => undefined)
    if (answer?.status === 200 && answer.body.status !== 'in_process') return answer.body
    await pause(200)
  }
}
