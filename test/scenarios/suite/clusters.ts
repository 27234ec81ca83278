/** Clusters and who belongs to them, also when several people change that at the same moment. */
import assert from 'node:assert/strict'
import type { FakeHost } from '@commissaire/hosts/testing'
import { addressesOf, clusterOf, expectStatus, hasStatus, register, type Scenario } from './scenario.ts'
import type { World } from '../worlds/world.ts'

export const clusterScenarios: Record<string, Scenario> = {
  async 'a host joins a cluster and leaves it, and its container manager knows'(world) {
    await expectStatus(world, 201, ['PUT', '/containermanager/boxes', { type: 'trivial', options: {} }])
    await expectStatus(world, 201, ['PUT', '/cluster/joined', { container_manager: 'boxes' }])
    const host = await world.hosts.add()
    await register(world, host)
    await hasStatus(world, host, 'disassociated')
    const member = `/cluster/joined/hosts/${host.address}`
    await expectStatus(world, 404, ['GET', member])
    for (const _again of [1, 2]) await expectStatus(world, 200, ['PUT', member])
    await hasStatus(world, host, 'active')
    assert.deepEqual(await nodeOf(world, host), { node: host.address, status: 'ok' })
    await expectStatus(world, 200, ['DELETE', member])
    await hasStatus(world, host, 'disassociated')
    assert.deepEqual(await nodeOf(world, host), {})
    await expectStatus(world, 200, ['DELETE', '/cluster/joined'])
    await expectStatus(world, 404, ['GET', '/cluster/joined'])
    await expectStatus(world, 404, ['GET', '/cluster/joined/hosts'])
  },

  async 'a cluster shows who is available, and what is not there is not found'(world) {
    const hosts = await clusterOf(world, 'shown', { count: 2 })
    const shown = await expectStatus<{ status: string; hosts: object; hostset: string[] }>(world, 200, [
      'GET',
      '/cluster/shown',
    ])
    assert.equal(shown.status, 'ok')
    assert.deepEqual(shown.hosts, { total: 2, available: 2, unavailable: 0 })
    assert.deepEqual(shown.hostset.toSorted(), addressesOf(hosts).toSorted())
    await expectStatus(world, 404, ['GET', '/cluster/nosuch'])
    await expectStatus(world, 404, ['PUT', '/cluster/nosuch/restart'])
    await expectStatus(world, 404, ['GET', '/cluster/shown/restart'])
    await expectStatus(world, 409, ['PUT', '/host/127.88.0.1', { ssh_priv_key: 'a2V5', cluster: 'nosuch' }])
  },

  async 'of two clients that replace the hosts at the same moment one gets through, and the other is told'(
    world,
  ) {
    const hosts = addressesOf(await clusterOf(world, 'replaced', { count: 3 }))
    const path = '/cluster/replaced/hosts'
    const wishes = [hosts.slice(0, 2), hosts.slice(1)]
    const answers = await Promise.all(wishes.map((wish) => world.api('PUT', path, { old: hosts, new: wish })))
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409])
    const winner = wishes[answers.findIndex(({ status }) => status === 200)] ?? []
    assert.deepEqual((await members(world, 'replaced')).toSorted(), winner.toSorted())
    await expectStatus(world, 409, ['PUT', path, { old: hosts, new: [] }])
  },

  async 'hosts that come and go at the same moment are all counted'(world) {
    const hosts = addressesOf(await clusterOf(world, 'busy', { count: 6 }))
    const [leaving, staying] = [hosts.slice(0, 3), hosts.slice(3)]
    const at = (address: string) => `/cluster/busy/hosts/${address}`
    await Promise.all(
      hosts.map((address) =>
        expectStatus(world, 200, [leaving.includes(address) ? 'DELETE' : 'PUT', at(address)]),
      ),
    )
    assert.deepEqual((await members(world, 'busy')).toSorted(), staying.toSorted())
    await Promise.all([
      ...leaving.map((address) => expectStatus(world, 200, ['PUT', at(address)])),
      ...staying.map((address) => expectStatus(world, 200, ['DELETE', at(address)])),
    ])
    assert.deepEqual((await members(world, 'busy')).toSorted(), leaving.toSorted())
  },
}

function members(world: World, cluster: string): Promise<string[]> {
  return expectStatus(world, 200, ['GET', `/cluster/${cluster}/hosts`])
}

async function nodeOf(world: World, { address }: FakeHost): Promise<object> {
  const status = await expectStatus<{ container_manager: object }>(world, 200, [
    'GET',
    `/host/${address}/status`,
  ])
  return status.container_manager
}
