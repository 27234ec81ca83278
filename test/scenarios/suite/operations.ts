/** Rolling operations: to the end, to a pause at the first host that fails, and as one sees them meanwhile. */
import assert from 'node:assert/strict'
import {
  addressesOf,
  clusterOf,
  ended,
  expectStatus,
  hasStatus,
  reboots,
  type Scenario,
  type ShownOperation,
  upgrades,
} from './scenario.ts'
import { until } from '@commissaire/testing'

export const operationScenarios: Record<string, Scenario> = {
  async 'an upgrade goes over every host, shows how far it is, and has no second beside it'(world) {
    const hosts = await clusterOf(world, 'upgraded', { count: 3, latency: 40 })
    const path = '/cluster/upgraded/upgrade'
    const first = await expectStatus<ShownOperation>(world, 201, ['PUT', path])
    assert.deepEqual([first.status, first.upgraded], ['in_process', []])
    await expectStatus(world, 409, ['PUT', path])
    await until(async () => {
      const { in_process } = await expectStatus<ShownOperation>(world, 200, ['GET', path])
      return in_process.length === 1 || undefined
    }, 'one host is at it')
    const last = await ended(world, path)
    assert.deepEqual([last.status, last.failures, last.in_process], ['finished', {}, []])
    assert.deepEqual(last.upgraded?.toSorted(), addressesOf(hosts).toSorted())
    assert.deepEqual(
      hosts.map((host) => upgrades(host) > 0),
      [true, true, true],
    )
  },

  async 'a restart reboots every host once, and each proves it by its boot id'(world) {
    const hosts = await clusterOf(world, 'restarted', { count: 2 })
    const before = hosts.map(({ bootId }) => bootId)
    await expectStatus(world, 201, ['PUT', '/cluster/restarted/restart'])
    const last = await ended(world, '/cluster/restarted/restart')
    assert.deepEqual([last.status, last.failures], ['finished', {}])
    assert.deepEqual(hosts.map(reboots), [1, 1])
    hosts.forEach(({ bootId }, index) => assert.notEqual(bootId, before[index]))
  },

  async 'a host that does not come back pauses the restart, the rest stay as they are, and it is welcome later'(
    world,
  ) {
    const [lost, ...rest] = await clusterOf(world, 'lost', { count: 3 })
    assert.ok(lost)
    lost.onReboot = 'never_returns'
    await expectStatus(world, 201, ['PUT', '/cluster/lost/restart'])
    const last = await ended(world, '/cluster/lost/restart')
    assert.equal(last.status, 'paused')
    assert.match(last.failures[lost.address] ?? '', /^did_not_return/)
    assert.notEqual(last.reason, '')
    assert.deepEqual(rest.map(reboots), [0, 0])
    await hasStatus(world, lost, 'failed')
    await lost.comeUp()
    await hasStatus(world, lost, 'active')
  },

  async 'a deployment stops at the first host that cannot do it, and says what to do'(world) {
    const hosts = await clusterOf(world, 'deployed', { count: 2 })
    const before = hosts.map(({ commands }) => commands.length)
    const path = '/cluster/deployed/deploy'
    await expectStatus(world, 400, ['PUT', path, {}])
    await expectStatus(world, 201, ['PUT', path, { version: '7.2.6' }])
    const last = await ended(world, path)
    assert.deepEqual([last.status, last.deployed], ['paused', []])
    assert.match(Object.values(last.failures).join(), /^not_supported/)
    assert.equal(Object.keys(last.failures).length, 1)
    const [failed = ''] = Object.keys(last.failures)
    const untouched = hosts.findIndex(({ address }) => address !== failed)
    assert.equal(hosts[untouched]?.commands.length, before[untouched])
  },
}
