/** Hosts of other families. Their package programs are stand-ins; only systemd, sshd and the reboot are real. */
import { Lab } from '@commissaire/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { firstBuild, noLab, patience } from './possible.ts'

describe.skipIf(noLab)('hosts of other families, with stand-ins', { timeout: patience }, () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await Lab.up({
      hosts: [
        { name: 'fedora', family: 'fedora' },
        { name: 'coreos', family: 'fedora-coreos' },
        { name: 'suse', family: 'opensuse' },
      ],
    })
  }, firstBuild)

  afterAll(async () => {
    await lab?.down()
  }, patience)

  test('a host carries the os-release of its family and no trace of Debian’s programs', async () => {
    const { stdout } = await lab.host('fedora').ssh('. /etc/os-release; echo $ID; command -v apt-get dpkg')
    expect(stdout).toBe('fedora\n')
  })

  test('the stand-in for dnf has updates until they are installed, and wants one reboot', async () => {
    const host = lab.host('fedora')
    expect((await host.ssh('dnf -q check-update')).code).toBe(100)
    expect((await host.ssh('sudo -n dnf -y upgrade', { user: 'ops' })).stdout).toContain('Complete!')
    expect((await host.ssh('dnf -q check-update')).code).toBe(0)
    expect((await host.ssh('dnf needs-restarting -r')).code).toBe(1)
    await host.reboot()
    expect((await host.ssh('dnf needs-restarting -r')).code).toBe(0)
    expect(host.calls()).toContain('dnf -y upgrade')
  })

  test('the stand-in for dnf refuses whoever is not root', async () => {
    const { code, stderr } = await lab.host('fedora').ssh('dnf -y upgrade', { user: 'guest' })
    expect(code).toBe(1)
    expect(stderr).toContain('superuser')
  })

  test('a version that the stand-in for rpm-ostree deployed runs after the reboot', async () => {
    const host = lab.host('coreos')
    expect((await host.ssh('test -e /run/ostree-booted')).code).toBe(0)
    await host.ssh('rpm-ostree deploy 43.20261102.3.0')
    expect(await bootedVersion()).toBe('43.20261005.3.0')
    await host.reboot()
    expect(await bootedVersion()).toBe('43.20261102.3.0')
    expect((await host.ssh('rpm-ostree upgrade --check')).code).toBe(77)
  })

  test('the stand-in for zypper suggests a reboot by its status', async () => {
    const host = lab.host('suse')
    expect((await host.ssh('zypper -n patch-check')).code).toBe(101)
    expect((await host.ssh('zypper -n patch')).code).toBe(102)
    expect((await host.ssh('zypper needs-rebooting')).code).toBe(102)
  })

  test('a stand-in gives the answer that a test wants, quotes and all', async () => {
    const host = lab.host('suse')
    await host.answer('zypper', { stderr: "System management is locked by 'zypper' (7).\n", code: 7 })
    expect(await host.ssh('zypper -n up')).toEqual({
      code: 7,
      stdout: '',
      stderr: "System management is locked by 'zypper' (7).\n",
    })
    await host.answer('zypper')
    expect((await host.ssh('zypper --version')).code).toBe(0)
  })

  async function bootedVersion(): Promise<unknown> {
    const { stdout } = await lab.host('coreos').ssh('rpm-ostree status --json')
    const { deployments }: { deployments: { version: string; booted: boolean }[] } = JSON.parse(stdout)
    return deployments.find(({ booted }) => booted)?.version
  }
})
