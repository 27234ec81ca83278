/**
 * Each part dies in the middle of an investigation and of an operation, as in a power cut, and is started again: both are
 * finished, and nothing is done twice that must be done once.
 */
import assert from 'node:assert/strict'
import {
  addressesOf,
  clusterOf,
  ended,
  expectStatus,
  hasStatus,
  reboots,
  register,
  type Scenario,
} from './scenario.ts'
import { until } from '@commissaire/testing'

/** What happens when that part dies. */
export function deathOf(part: string): Scenario {
  return async (world) => {
    const cluster = `survives-${part}`
    const hosts = await clusterOf(world, cluster, { count: 2 })
    const newcomer = await world.hosts.add({ latency: 250 })
    await expectStatus(world, 201, ['PUT', `/cluster/joined-despite-${part}`, {}])
    await expectStatus(world, 201, ['PUT', `/cluster/${cluster}/restart`])
    await register(world, newcomer, `joined-despite-${part}`)
    await until(() => hosts.some((host) => reboots(host) > 0) || undefined, 'a host reboots')
    await until(() => newcomer.connections > 0 || undefined, 'the newcomer is looked at')
    await world.restart(part)
    const last = await ended(world, `/cluster/${cluster}/restart`)
    assert.deepEqual([last.status, last.failures], ['finished', {}])
    for (const address of addressesOf(hosts)) assert.ok(last.restarted?.includes(address), address)
    assert.deepEqual(hosts.map(reboots), [1, 1])
    await hasStatus(world, newcomer, 'active')
  }
}
