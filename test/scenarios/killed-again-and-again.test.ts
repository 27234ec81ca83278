/**
 * A restart whose program is killed every five seconds, which is less than the time for which each host has to stay well
 * after its reboot: every start gets further than the one before it.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { clusterOf, ended, expectStatus, reboots, type ShownOperation } from './suite/scenario.ts'
import { oneProcess } from './worlds/one-process.ts'
import type { World } from './worlds/world.ts'

/** Seconds for which a host has to stay well; more than a life of the program. */
const SETTLE_TIME = 6
/** Milliseconds from a start to the next kill. */
const LIFE = 5_000

describe('a program that is killed every five seconds', { timeout: 240_000 }, () => {
  let world: World
  beforeAll(async () => {
    world = await oneProcess({ settleTime: SETTLE_TIME })
  }, 120_000)
  afterAll(() => world[Symbol.asyncDispose](), 60_000)

  test('ends its restart within three times the time that it takes without kills, and reboots no host twice', async () => {
    const undisturbed = await clusterOf(world, 'undisturbed', { count: 2 })
    const disturbed = await clusterOf(world, 'disturbed', { count: 2 })
    const usual = await timed(async () => {
      await expectStatus(world, 201, ['PUT', '/cluster/undisturbed/restart'])
      return ended(world, '/cluster/undisturbed/restart')
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
    assert.ok(killed.ms <= 3 * usual.ms, `${killed.ms} ms with ${kills} kills, ${usual.ms} ms without`)
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
  for (;;) {
    const answer = await world.api<ShownOperation>('GET', path).catch(() => undefined)
    if (answer?.status === 200 && answer.body.status !== 'in_process') return answer.body
    await pause(200)
  }
}
