/**
 * Hosts are prepared, asked about a reboot and looked at before an operation, on real hosts: systemd, apt, dpkg and its
 * lock are real; the packages `docker.io`, `flannel` and `containerd` are stand-ins, as hosts of the lab reach no archive.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  bootstrapHost,
  connect,
  type Facts,
  gatherFacts,
  type HostNetwork,
  planBootstrap,
  preflight,
  rebootNeeded,
  type Remote,
} from '@commissaire/hosts'
import { Lab, type LabHost, whyNoLab } from '@commissaire/lab'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { startSystemUnderTest } from './system.ts'
import { until } from '@commissaire/testing'

const reason = whyNoLab()
if (reason && process.env.CI) throw new Error(reason)
if (reason) console.warn(`SKIPPED: preparing real hosts. ${reason}`)

const network: HostNetwork = {
  kind: 'flannel_etcd',
  endpoints: ['https://10.0.0.1:2379'],
  prefix: '/atomic01/network',
  certificates: { ca: 'the ca\n', certificate: 'the certificate\n', key: 'the key\n' },
}

describe.skipIf(reason !== undefined)('on real hosts', { timeout: 300_000 }, () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await Lab.up({ count: 3 })
    await lab.offer('docker.io', 'containerd', 'flannel')
  }, 600_000)

  afterAll(async () => {
    await lab?.down()
  }, 120_000)

  async function on<T>(
    host: LabHost,
    work: (remote: Remote, facts: Facts) => Promise<T>,
    { user = 'ops' }: { user?: string } = {},
  ): Promise<T> {
    const privateKey = readFileSync(lab.privateKeyPath, 'utf8')
    await using remote = await connect({ address: host.address, user, privateKey })
    return await work(remote, await gatherFacts(remote))
  }

  const said = async (host: LabHost, command: string) => (await host.ssh(command)).stdout.trim()
  const first = () => lab.host('web1')

  /** Every file that a preparation writes, and when each was changed; and since when the services run. */
  const traces = (host: LabHost) =>
    said(
      host,
      `find /etc/etcd /etc/default/flanneld /etc/docker /etc/systemd/system -type f -exec stat -c '%n %Y %Z' {} + | sort
       systemctl show -p ActiveEnterTimestampMonotonic docker flanneld`,
    )

  describe('a host is prepared for docker on flannel', () => {
    test('the plan says so and touches nothing', async () => {
      const before = await said(first(), 'find /etc -newermt "-1 day" -type f -printf "%p %T@\\n" | sort')
      const { steps } = await on(first(), (remote, facts) =>
        planBootstrap(remote, facts, { profile: 'docker', network }),
      )
      assert.deepEqual(
        steps.filter(({ state }) => state === 'blocked'),
        [],
      )
      assert.ok(steps.some(({ action }) => action === 'installs docker.io'))
      const after = await said(first(), 'find /etc -newermt "-1 day" -type f -printf "%p %T@\\n" | sort')
      assert.equal(after, before)
    })

    test('by a user with sudo, its packages are installed, configured, enabled and started', async () => {
      const report = await on(first(), (remote, facts) =>
        bootstrapHost(remote, facts, { profile: 'docker', network }),
      )
      assert.deepEqual(
        report.steps.filter(({ outcome }) => outcome === 'failed' || outcome === 'not_reached'),
        [],
      )
      assert.equal(await said(first(), 'systemctl is-enabled docker flanneld'), 'enabled\nenabled')
      assert.equal(await said(first(), 'systemctl is-active docker flanneld'), 'active\nactive')
      const told = await said(first(), 'cat /run/stand-ins/flanneld')
      assert.match(told, /^FLANNELD_ETCD_ENDPOINTS=https:\/\/10\.0\.0\.1:2379$/m)
      assert.match(told, /^FLANNELD_ETCD_KEYFILE=\/etc\/etcd\/key\.crt$/m)
      assert.match(
        await said(first(), 'cat /run/stand-ins/dockerd'),
        /"bip": "10\.1\.15\.1\/24", "mtu": 1450/,
      )
      assert.equal(
        await said(first(), 'stat -c "%a %U" /etc/etcd/key.crt; cat /etc/etcd/key.crt'),
        '600 root\nthe key',
      )
    })

    test('a second time changes no file and restarts nothing', async () => {
      const before = await traces(first())
      const report = await on(first(), (remote, facts) =>
        bootstrapHost(remote, facts, { profile: 'docker', network }),
      )
      assert.deepEqual(new Set(report.steps.map(({ outcome }) => outcome)), new Set(['already', 'skipped']))
      assert.equal(await traces(first()), before)
    })

    test('another endpoint is written and flannel starts afresh, and nothing else does', async () => {
      const moved = { ...network, endpoints: ['https://10.0.0.2:2379'] }
      const report = await on(first(), (remote, facts) =>
        bootstrapHost(remote, facts, { profile: 'docker', network: moved }),
      )
      const done = report.steps.filter(({ outcome }) => outcome === 'done').map(({ name }) => name)
      assert.deepEqual(done, ['flannel is configured', 'flanneld runs, now and after every boot'])
      assert.match(await said(first(), 'cat /run/stand-ins/flanneld'), /=https:\/\/10\.0\.0\.2:2379$/m)
    })

    test('it holds over a reboot', async () => {
      await first().reboot()
      await until(
        async () => (await said(first(), 'systemctl is-active docker flanneld')) === 'active\nactive',
        'both services run again',
      )
      const { steps } = await on(first(), (remote, facts) =>
        planBootstrap(remote, facts, {
          profile: 'docker',
          network: { ...network, endpoints: ['https://10.0.0.2:2379'] },
        }),
      )
      assert.deepEqual(new Set(steps.map(({ state }) => state)), new Set(['done', 'not_for_this_host']))
    })
  })

  describe('whether a host needs a reboot', () => {
    const need = (host: LabHost) => on(host, (remote, facts) => rebootNeeded(remote, facts))
    const host = () => lab.host('web2')

    test('a container of Debian does not for its kernel, and does when a package asks for it', async () => {
      assert.equal((await need(host())).answer, 'not_applicable')
      await lab.publish({ version: '2', rebootRequired: true })
      await host().ssh('apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy dist-upgrade')
      const { answer, reason, source, services } = await need(host())
      assert.deepEqual([answer, source, services], ['yes', '/run/reboot-required', undefined])
      assert.match(reason, /commissaire-lab-probe/)
    })

    test('a reboot ends it', async () => {
      await host().reboot()
      assert.equal((await need(host())).answer, 'not_applicable')
    })

    test('a host with a kernel of its own does when a newer one is installed', async () => {
      const running = await said(host(), 'uname -r')
      const newer = running.replace(/^\d+/, (major) => String(Number(major) + 1))
      // What tells a container from a machine is a stand-in here; the kernels lie where real ones do.
      await host().ssh(`printf '#!/bin/sh\\necho kvm\\n' >/usr/local/bin/systemd-detect-virt
        chmod 755 /usr/local/bin/systemd-detect-virt; mkdir -p /boot; touch /boot/vmlinuz-${running}`)
      assert.deepEqual(
        [(await need(host())).answer, (await need(host())).source],
        ['no', 'installed kernels'],
      )
      await host().ssh(`touch /boot/vmlinuz-${newer}`)
      const { answer, reason } = await need(host())
      assert.deepEqual([answer, reason], ['yes', `kernel ${newer} is installed, ${running} runs`])
      await host().ssh(`rm /usr/local/bin/systemd-detect-virt /boot/vmlinuz-*`)
    })

    test('needrestart is believed when it is there, and so is its list of services', async () => {
      await host().ssh(`cat >/usr/sbin/needrestart <<'END'
#!/bin/sh
case "$*" in *-k*) echo NEEDRESTART-KSTA: 3 ;; *) echo NEEDRESTART-SVC: ssh.service ;; esac
END
chmod 755 /usr/sbin/needrestart`)
      const { answer, source, services } = await need(host())
      assert.deepEqual([answer, source, services], ['yes', 'needrestart', ['ssh.service']])
      await host().ssh('rm /usr/sbin/needrestart')
    })
  })

  describe('a look before an operation', () => {
    const host = () => lab.host('web3')
    const codes = async (user = 'ops') =>
      (await on(host(), (remote, facts) => preflight(remote, facts), { user })).map(({ code }) => code)

    test('finds nothing on a host that is well', async () => {
      assert.deepEqual(await codes(), [])
    })

    test('finds who may not become root', async () => {
      assert.deepEqual(await codes('guest'), ['no_sudo'])
    })

    test('finds a lock that dpkg holds', async () => {
      await lab.publish({ version: '3', seconds: 5 })
      const upgrade = host().ssh(
        'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy dist-upgrade',
      )
      await until(async () => (await codes()).includes('busy'), 'the lock is seen')
      await upgrade
      assert.deepEqual(await codes(), [])
    })

    test('finds what an installation that failed left unfinished', async () => {
      await lab.publish({ version: '4', fails: true })
      await host().ssh('apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy dist-upgrade')
      assert.deepEqual(await codes(), ['packages_broken'])
      await lab.publish({ version: '5' })
      await host().ssh('apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy dist-upgrade')
      assert.deepEqual(await codes(), [])
    })

    test('finds a full /boot, and a full disk', async () => {
      await host().ssh(
        'mkdir -p /boot && mount -t tmpfs -o size=60m none /boot && fallocate -l 40m /boot/filling',
      )
      assert.deepEqual(await codes(), ['no_space'])
      await host().ssh('umount /boot')
      await host().faults.fillDisk()
      assert.ok((await codes()).includes('no_space'))
      await host().faults.emptyDisk()
      assert.deepEqual(await codes(), [])
    })

    test('finds a shutdown that is scheduled', async () => {
      await host().ssh('shutdown -r +30')
      assert.deepEqual(await codes(), ['going_down'])
      await host().ssh('shutdown -c')
      assert.deepEqual(await codes(), [])
    })
  })

  test('the whole way: a cluster wants containerd, its host gets it, and the plan is done', async () => {
    await using system = await startSystemUnderTest('--watch-interval', '3')
    const { address } = lab.host('web3')
    await system.commctl('cluster', 'create', '--bootstrap', 'containerd', 'pods')
    await system.commctl('host', 'create', '-c', 'pods', '-r', 'ops', address, lab.privateKeyPath)
    interface Stored {
      readonly status: string
      readonly status_reason: string
      readonly reboot: { readonly needed: string; readonly checked_at: string }
    }
    const stored = await until(async () => {
      const found = await system.json<Stored>('host', 'get', address)
      return (found.status === 'active' || found.status === 'failed') && found
    }, 'the host is prepared')
    assert.deepEqual([stored.status, stored.status_reason], ['active', ''])
    assert.equal(stored.reboot.needed, 'not_applicable')
    assert.equal(await said(lab.host('web3'), 'systemctl is-enabled containerd'), 'enabled')
    const { stdout } = await system.commctl('host', 'plan', address, '-o', 'table')
    assert.match(stdout, /^containerd is installed +done/m)
    assert.doesNotMatch(stdout, /would do|blocked/)
    const cluster = await system.json<{ reboot_needed: object }>('cluster', 'get', 'pods')
    assert.deepEqual(cluster.reboot_needed, { yes: 0, no: 0, unknown: 0, not_applicable: 1 })
  })
})
