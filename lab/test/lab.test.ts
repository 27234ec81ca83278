/** A lab as a whole: its hosts are real, and afterwards nothing of it is left on the machine. */
import { Lab, type LabHost } from '@commissaire/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { firstBuild, noLab, patience } from './possible.ts'

describe.skipIf(noLab)('a lab of two hosts', { timeout: patience }, () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await Lab.up({ count: 2 })
  }, firstBuild)

  afterAll(async () => {
    await lab?.down()
  }, patience)

  test('every host opens with the key of the lab and knows its own name', async () => {
    const names = await Promise.all(lab.hosts.map((host) => said(host, 'hostname')))
    expect(names).toEqual(['web1', 'web2'])
  })

  test('every host runs a systemd of its own in which all is well', async () => {
    const states = await Promise.all(
      lab.hosts.map((host) => said(host, 'systemctl is-system-running --wait')),
    )
    expect(states).toEqual(['running', 'running'])
  })

  test('every host has a host key and a machine id of its own', async () => {
    const [first, second] = lab.hosts
    expect(first?.hostKey).not.toEqual(second?.hostKey)
    const ids = await Promise.all(lab.hosts.map((host) => said(host, 'cat /etc/machine-id')))
    expect(new Set(ids).size).toBe(2)
  })

  test('ops may use sudo without a password, guest may not', async () => {
    const host = lab.host('web1')
    expect(await host.ssh('sudo -n id -un', { user: 'ops' })).toMatchObject({ code: 0, stdout: 'root\n' })
    expect((await host.ssh('sudo -n true', { user: 'guest' })).code).not.toBe(0)
  })

  test('hosts reach each other and no other network', async () => {
    const host = lab.host('web1')
    expect(await said(host, `ip route get ${lab.host('web2').address}`)).toContain('dev eth0')
    expect((await host.ssh('ip route get 192.0.2.1')).stderr).toContain('unreachable')
  })

  test('a published package reaches the host by apt-get dist-upgrade', async () => {
    const host = lab.host('web2')
    expect(await said(host, 'commissaire-lab-probe')).toBe('1')
    await lab.publish({ version: '2', rebootRequired: true })
    const upgrade = 'apt-get -q update && apt-get -qy dist-upgrade'
    expect((await host.ssh(`export DEBIAN_FRONTEND=noninteractive; ${upgrade}`)).stdout).toContain(
      '1 upgraded',
    )
    expect(await said(host, 'commissaire-lab-probe')).toBe('2')
    expect(await said(host, 'ls /run/reboot-required')).toBe('/run/reboot-required')
    expect(await said(lab.host('web1'), 'commissaire-lab-probe')).toBe('1')
  })

  test('an installation that is made to fail fails', async () => {
    await lab.publish({ version: '3', fails: true })
    const { code, stdout } = await lab.host('web2').ssh('apt-get -q update; apt-get -qy dist-upgrade 2>&1')
    expect(code).toBe(100)
    expect(stdout).toContain('the lab wants this installation to fail')
  })

  test('systemctl reboot gives the host another boot id and the boot log tells when it was down', async () => {
    const host = lab.host('web1')
    const before = await said(host, 'cat /proc/sys/kernel/random/boot_id')
    await host.reboot()
    expect(await said(host, 'cat /proc/sys/kernel/random/boot_id')).not.toBe(before)
    expect(host.bootLog().map(({ event }) => event)).toEqual(['boot', 'up', 'down', 'ended', 'boot', 'up'])
    expect(lab.mostDownAtOnce()).toBe(1)
  })

  test('two hosts that reboot together are down together', async () => {
    await Promise.all(lab.hosts.map((host) => host.reboot()))
    expect(lab.mostDownAtOnce()).toBe(2)
  })

  test('a second lab stands beside the first', async () => {
    await using second = await Lab.up()
    expect(second.subnet).not.toBe(lab.subnet)
    expect(await said(second.host('web1'), 'hostname')).toBe('web1')
  })

  test('down leaves no process, mount, namespace, interface, cgroup or folder, and may be called twice', async () => {
    const traces = await lab.traces()
    const kinds = new Set(traces.remaining().map((trace) => trace.split(' ')[0]))
    expect([...kinds]).toEqual(['process', 'mount', 'namespace', 'interface', 'cgroup', 'folder'])
    await lab.down()
    expect(traces.remaining()).toEqual([])
    await lab.down()
  })
})

async function said(host: LabHost, command: string): Promise<string> {
  return (await host.ssh(command)).stdout.trim()
}
