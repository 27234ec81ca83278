/**
 * The need of a reboot and the look before an operation on hosts of other families. Their systemd, sshd and reboots are
 * real; `dnf`, `zypper` and `rpm-ostree` are stand-ins that answer in the form of the real ones.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  connect,
  type Facts,
  gatherFacts,
  planBootstrap,
  preflight,
  rebootNeeded,
  type Remote,
} from '@commissaire/hosts'
import { Lab, type LabHost, whyNoLab } from '@commissaire/lab'
import { afterAll, beforeAll, describe, test } from 'vitest'

const reason = whyNoLab()
if (reason && process.env.CI) throw new Error(reason)
if (reason) console.warn(`SKIPPED: hosts of other families. ${reason}`)

describe.skipIf(reason !== undefined)('hosts of other families, with stand-ins', { timeout: 300_000 }, () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await Lab.up({
      hosts: [
        { name: 'fedora', family: 'fedora' },
        { name: 'suse', family: 'opensuse' },
        { name: 'coreos', family: 'fedora-coreos' },
      ],
    })
  }, 600_000)

  afterAll(async () => {
    await lab?.down()
  }, 120_000)

  async function on<T>(host: LabHost, work: (remote: Remote, facts: Facts) => Promise<T>): Promise<T> {
    const privateKey = readFileSync(lab.privateKeyPath, 'utf8')
    await using remote = await connect({ address: host.address, user: 'ops', privateKey })
    return await work(remote, await gatherFacts(remote))
  }

  const need = async (host: LabHost) => {
    const { answer, source } = await on(host, (remote, facts) => rebootNeeded(remote, facts))
    return [answer, source]
  }

  test.each([
    ['fedora', 'dnf5 -y upgrade', 'dnf5 needs-restarting'],
    ['suse', 'zypper -n patch', 'zypper needs-rebooting'],
    ['coreos', 'rpm-ostree upgrade', 'rpm-ostree status'],
  ])('%s needs none, then one after "%s", and none after it rebooted', async (name, upgrade, source) => {
    const host = lab.host(name)
    assert.deepEqual(await need(host), ['no', source])
    await host.ssh(upgrade)
    assert.deepEqual(await need(host), ['yes', source])
    await host.reboot()
    assert.deepEqual(await need(host), ['no', source])
  })

  test('a dnf5 without its plugin is no answer, though it ends as if it were one', async () => {
    const host = lab.host('fedora')
    await host.answer('dnf5', {
      stderr: 'Unknown argument "needs-restarting" for command "dnf5".\n',
      code: 1,
    })
    const [answer] = await need(host)
    assert.notEqual(answer, 'no')
    assert.notEqual(answer, 'yes')
    await host.answer('dnf5')
  })

  test('services to restart are told by the tool', async () => {
    const host = lab.host('suse')
    await host.answer('zypper', { stdout: 'sshd\ncron\n' })
    const { services } = await on(host, (remote, facts) => rebootNeeded(remote, facts))
    assert.deepEqual(services, ['cron', 'sshd'])
    await host.answer('zypper')
  })

  test('zincati at work is found before an operation, and not when it is stopped', async () => {
    const host = lab.host('coreos')
    const codes = async () =>
      (await on(host, (remote, facts) => preflight(remote, facts))).map(({ code }) => code)
    assert.deepEqual(await codes(), [])
    await host.ssh('systemd-run --unit=zincati --property=Type=exec sleep infinity')
    assert.deepEqual(await codes(), ['driven_elsewhere'])
    await host.ssh('systemctl stop zincati')
    assert.deepEqual(await codes(), [])
  })

  test('on a host that boots images a program that is missing must come with the image', async () => {
    const { steps } = await on(lab.host('coreos'), (remote, facts) =>
      planBootstrap(remote, facts, { profile: 'docker' }),
    )
    const blocked = steps.filter(({ state }) => state === 'blocked')
    assert.deepEqual(blocked, [
      {
        name: 'docker is installed',
        state: 'blocked',
        action: '',
        reason: 'dockerd is missing, and must come with the image that this host boots',
      },
    ])
  })
})
