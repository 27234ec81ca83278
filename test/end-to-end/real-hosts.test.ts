/**
 * The whole length, on real hosts: they are registered, upgraded from a repository, and rebooted in turn; and each way
 * of going wrong ends in a status of its own.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Lab, type LabHost, probePackage, whyNoLab } from '@commissaire/lab'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { startSystemUnderTest, type SystemUnderTest } from './system.ts'
import { until } from '@commissaire/testing'

const reason = whyNoLab()
if (reason && process.env.CI) throw new Error(reason)
if (reason) console.warn(`SKIPPED: the end-to-end test on real hosts. ${reason}`)

interface Host {
  readonly address: string
  readonly status: string
  readonly status_reason: string
  readonly os: string
  readonly cpus: number
  readonly memory: number
  readonly host_key: string
  readonly facts: { readonly bootId?: string }
}

interface Operation {
  readonly status: string
  readonly reason: string
  readonly failures: Record<string, string>
  readonly upgraded?: string[]
  readonly restarted?: string[]
}

describe.skipIf(reason !== undefined)('on real hosts', { timeout: 300_000 }, () => {
  // They follow from each other, as a day in the life of a cluster does.
  let lab: Lab
  let system: SystemUnderTest

  beforeAll(async () => {
    lab = await Lab.up({ count: 3 })
    system = await startSystemUnderTest(
      '--watch-interval',
      '3',
      '--return-timeout',
      '20',
      '--settle-time',
      '2',
    )
  }, 600_000)

  afterAll(async () => {
    await system?.[Symbol.asyncDispose]()
    await lab?.down()
  }, 120_000)

  const host = (index: number): LabHost => lab.hosts[index]!
  const stored = ({ address }: LabHost) => system.json<Host>('host', 'get', address)
  const bootIds = () =>
    Promise.all(
      lab.hosts.map(async (each) => (await each.ssh('cat /proc/sys/kernel/random/boot_id')).stdout.trim()),
    )

  async function register({ address }: LabHost, cluster: string, key = lab.privateKeyPath): Promise<void> {
    const { status, stderr } = await system.commctl('host', 'create', '-c', cluster, address, key)
    assert.equal(status, 0, stderr)
  }

  const hasStatus = (each: LabHost, status: string) =>
    until(async () => {
      const found = await stored(each)
      return found.status === status && found
    }, `${each.address} is ${status}`)

  test('three hosts are registered and become active, with true facts and a pinned key', async () => {
    await system.commctl('cluster', 'create', 'web')
    for (const each of lab.hosts) await register(each, 'web')
    for (const each of lab.hosts) {
      const found = await hasStatus(each, 'active')
      assert.equal(found.os, 'debian')
      assert.equal(found.cpus, Number((await each.ssh('nproc')).stdout))
      assert.ok(each.hostKey.startsWith(found.host_key), 'the pinned key is the one that the host has')
    }
    const { stdout } = await system.commctl('host', 'list', '-o', 'table')
    for (const { address } of lab.hosts) assert.match(stdout, new RegExp(`${address}\\s+active\\s+debian`))
  })

  test('an upgrade brings the newer package to every host', async () => {
    await lab.publish({ version: '2' })
    const { status, stdout, stderr } = await system.commctl('cluster', 'upgrade', 'start', 'web', '--watch')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /finished, 3 of 3/)
    for (const each of lab.hosts) {
      const { stdout: version } = await each.ssh(`dpkg-query -W -f '\${Version}' ${probePackage}`)
      assert.equal(version, '2')
    }
  })

  test('a restart reboots the hosts one after the other, and each proves it by a new boot id', async () => {
    const before = await bootIds()
    const { status, stderr } = await system.commctl('cluster', 'restart', 'start', 'web', '--watch')
    assert.equal(status, 0, stderr)
    const after = await bootIds()
    before.forEach((id, index) => assert.notEqual(after[index], id))
    const noted = await Promise.all(lab.hosts.map(async (each) => (await stored(each)).facts.bootId))
    assert.deepEqual(noted, after)
    assert.equal(lab.mostDownAtOnce(), 1)
  })

  test('a restart goes on where it was when the program is killed, and no host reboots twice', async () => {
    const boots = lab.hosts.map((each) => each.bootLog().filter(({ event }) => event === 'boot').length)
    await system.commctl('cluster', 'restart', 'start', 'web')
    await until(async () => {
      const { restarted = [] } = await system.json<Operation>('cluster', 'restart', 'status', 'web')
      return restarted.length === 1
    }, 'the first host is restarted')
    await system.killAndRestart()
    await until(
      async () => (await system.json<Operation>('cluster', 'restart', 'status', 'web')).status === 'finished',
      'the restart is finished by the next process',
    )
    const now = lab.hosts.map((each) => each.bootLog().filter(({ event }) => event === 'boot').length)
    assert.deepEqual(
      now,
      boots.map((count) => count + 1),
    )
    assert.equal(lab.mostDownAtOnce(), 1)
  })

  test('a host that was reinstalled shows another key: it is refused, told apart, and welcome again with its old one', async () => {
    await host(0).pullPlug()
    await host(0).faults.replaceHostKey()
    await host(0).powerOn()
    await until(
      async () => (await stored(host(0))).status_reason.startsWith('host_key_changed'),
      'the watcher has met the other key',
    )
    await host(0).faults.restoreHostKey()
    await hasStatus(host(0), 'active')
  })

  test('a host that is switched off fails as unreachable, and is active again when it is back', async () => {
    await host(1).powerOff()
    await host(1).faults.linkDown()
    await until(
      async () => /^(unreachable|timeout)/.test((await stored(host(1))).status_reason),
      'the watcher gets no answer any more',
    )
    assert.equal((await stored(host(1))).status, 'failed')
    await host(1).faults.linkUp()
    await host(1).powerOn()
    await host(1).waitUntilUp()
    await hasStatus(host(1), 'active')
  })

  test('a host that does not come back from its restart pauses the operation, and the others are not touched', async () => {
    const [first, ...others] = lab.hosts
    await first!.faults.neverReturn()
    const boots = others.map((each) => each.bootLog().length)
    const { status } = await system.commctl('cluster', 'restart', 'start', 'web', '--watch')
    assert.equal(status, 3)
    const operation = await system.json<Operation>('cluster', 'restart', 'status', 'web')
    assert.equal(operation.status, 'paused')
    assert.match(operation.failures[first!.address] ?? '', /^did_not_return/)
    assert.deepEqual(
      others.map((each) => each.bootLog().length),
      boots,
    )
    assert.equal((await stored(first!)).status, 'failed')
    await first!.faults.returnAgain()
    await first!.powerOn()
    await first!.waitUntilUp()
    await hasStatus(first!, 'active')
  })

  test('a host that does not know the key fails as such, and stays out of the cluster that works', async () => {
    const wrong = join(system.folder, 'wrong-key')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', wrong])
    const address = host(2).address
    await system.commctl('host', 'delete', address)
    await system.commctl('cluster', 'create', 'other')
    await register(host(2), 'other', wrong)
    const lost = await hasStatus(host(2), 'failed')
    assert.match(lost.status_reason, /^auth_failed/)
    const kept = await system.json<{ hostset: string[] }>('cluster', 'get', 'web')
    assert.deepEqual(kept.hostset, [host(0).address, host(1).address])
  })
})
