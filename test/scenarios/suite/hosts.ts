/** The life of a host: it comes in, is looked at, goes away, comes back, and leaves. */
import assert from 'node:assert/strict'
import { clusterOf, expectStatus, hasStatus, register, type Scenario } from './scenario.ts'
import { until } from '@commissaire/testing'

export const hostScenarios: Record<string, Scenario> = {
  async 'a host is registered, becomes active with its facts, and leaves nothing behind when it is deleted'(
    world,
  ) {
    await expectStatus(world, 201, ['PUT', '/cluster/life', {}])
    const host = await world.hosts.add()
    const path = `/host/${host.address}`
    await register(world, host, 'life')
    const { os, cpus } = await hasStatus(world, host, 'active')
    assert.deepEqual([os, cpus], ['debian', 4])
    assert.deepEqual(await expectStatus(world, 200, ['GET', `${path}/creds`]), {
      address: host.address,
      ssh_priv_key: world.hosts.key,
      remote_user: 'root',
    })
    const status = await expectStatus<{ host: { status: string } }>(world, 200, ['GET', `${path}/status`])
    assert.equal(status.host.status, 'active')
    await register(world, host, 'life')
    await expectStatus(world, 409, ['PUT', path, { ssh_priv_key: 'b3RoZXI=', cluster: 'life' }])
    assert.deepEqual(await expectStatus(world, 200, ['DELETE', path]), [])
    for (const gone of [path, `${path}/creds`, `${path}/status`, `/cluster/life/hosts/${host.address}`])
      await expectStatus(world, 404, ['GET', gone])
    assert.deepEqual(await expectStatus(world, 200, ['GET', '/cluster/life/hosts']), [])
  },

  async 'a host that does not let us in fails with the reason, and keeps no cluster waiting'(world) {
    await expectStatus(world, 201, ['PUT', '/cluster/closed', {}])
    const host = await world.hosts.add()
    host.failure = 'refuses_login'
    await register(world, host, 'closed')
    assert.match((await hasStatus(world, host, 'failed')).status_reason, /^auth_failed/)
    const { status } = await expectStatus<{ status: string }>(world, 200, ['GET', '/cluster/closed'])
    assert.equal(status, 'failed')
  },

  async 'a host whose commands print without end fails with that reason at once'(world) {
    const host = await world.hosts.add()
    host.failure = 'floods'
    await register(world, host)
    const { status_reason } = await hasStatus(world, host, 'failed')
    assert.match(
      status_reason,
      /^too_much_output: .* printed more than 1048576 bytes to its standard output\. Find out/,
    )
    host.failure = undefined
    await hasStatus(world, host, 'disassociated')
  },

  async 'a host that is deleted while it is investigated stays deleted, and may come again'(world) {
    const host = await world.hosts.add({ latency: 300 })
    const path = `/host/${host.address}`
    await register(world, host)
    await until(() => host.connections > 0 || undefined, 'it is being looked at')
    await expectStatus(world, 200, ['DELETE', path])
    await expectStatus(world, 404, ['GET', path])
    await expectStatus(world, 404, ['GET', `${path}/creds`])
    host.latency = 0
    await register(world, host)
    await hasStatus(world, host, 'disassociated')
  },

  async 'the watcher calls a host failed that went away, and active when it is back'(world) {
    const [host] = await clusterOf(world, 'watched', { count: 1 })
    assert.ok(host)
    await host.goDown()
    assert.match((await hasStatus(world, host, 'failed')).status_reason, /^(refused|connection_lost)/)
    await host.comeUp()
    await hasStatus(world, host, 'active')
  },
}
