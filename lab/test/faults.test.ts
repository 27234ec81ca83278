/** Each fault really does to a host what its name says, and its undoing mends it. */
import { connect } from 'node:net'
import { Lab, type LabHost } from '@commissaire/lab'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { firstBuild, noLab, patience } from './possible.ts'

describe.skipIf(noLab)('faults', { timeout: patience }, () => {
  let lab: Lab
  let host: LabHost

  beforeAll(async () => {
    lab = await Lab.up({ count: 1, diskSize: '64m' })
    host = lab.host('web1')
  }, firstBuild)

  afterAll(async () => {
    await lab?.down()
  }, patience)

  afterEach(async () => {
    await Promise.all([host.faults.linkUp(), host.faults.continueSshd(), host.faults.clearLine()])
  })

  test('behind a pulled cable nobody answers, and behind the plugged one the host does', async () => {
    await host.faults.linkDown()
    expect(await banner(host, 2000)).toBe(undefined)
    await host.faults.linkUp()
    await host.waitUntilUp()
  })

  test('a stopped sshd accepts the connection and says nothing', async () => {
    await host.faults.stopSshd()
    expect(await banner(host, 2000)).toBe('')
    await host.faults.continueSshd()
    expect(await banner(host, 20_000)).toContain('SSH-2.0')
  })

  test('a replaced host key is refused, the restored one is not', async () => {
    const first = host.hostKey
    await host.faults.replaceHostKey()
    expect(host.hostKey).not.toBe(first)
    await expect
      .poll(async () => (await host.ssh('true')).stderr, { timeout: 20_000 })
      .toContain('verification failed')
    await host.faults.restoreHostKey()
    await host.waitUntilUp()
    expect(host.hostKey).toBe(first)
  })

  test('on a full disk nothing can be written', async () => {
    await host.faults.fillDisk()
    expect((await host.ssh('echo something > /root/file')).stderr).toContain('No space left')
    await host.faults.emptyDisk()
    expect((await host.ssh('echo something > /root/file')).code).toBe(0)
  })

  test('a slow line is slow', async () => {
    await host.faults.throttle(256)
    const began = performance.now()
    expect((await host.ssh('cat > /dev/null')).code).toBe(0)
    expect(performance.now() - began).toBeGreaterThan(50)
    await host.faults.clearLine()
  })

  test('late packets make a login late, or the message names what the kernel lacks', async () => {
    const began = performance.now()
    const failure: unknown = await host.faults.netem({ delayMs: 100 }).catch((error: unknown) => error)
    if (failure) return expect(failure).toMatchObject({ code: 'no_netem' })
    await host.ssh('true')
    await host.faults.clearLine()
    return expect(performance.now() - began).toBeGreaterThan(300)
  })

  test('a kept boot id outlives a reboot, a fresh one does not', async () => {
    const id = await bootId(host)
    await host.faults.keepBootId()
    await host.reboot()
    expect(await bootId(host)).toBe(id)
    await host.faults.freshBootId()
    await host.reboot()
    expect(await bootId(host)).not.toBe(id)
  })

  test('a host that never returns is off after its reboot, and boots when it is switched on', async () => {
    await host.faults.neverReturn()
    await host.ssh('systemctl reboot')
    await expect.poll(() => host.condition, { timeout: 60_000 }).toBe('off')
    await host.faults.returnAgain()
    const boots = host.boots + 1
    await host.powerOn()
    await host.waitUntilUp({ boots })
  })

  test('power off is in order, a pulled plug is not, and what was written stays', async () => {
    await host.ssh('echo kept > /root/file')
    await host.powerOff()
    expect(
      host
        .bootLog()
        .slice(-2)
        .map(({ event }) => event),
    ).toEqual(['down', 'ended'])
    await host.powerOn()
    await host.waitUntilUp()
    await host.pullPlug()
    expect(host.condition).toBe('off')
    expect(host.bootLog().at(-1)).toMatchObject({ event: 'ended', detail: 'unplugged' })
    await host.powerOn()
    await host.waitUntilUp()
    expect((await host.ssh('cat /root/file')).stdout).toBe('kept\n')
  })
})

async function bootId(host: LabHost): Promise<string> {
  return (await host.ssh('cat /proc/sys/kernel/random/boot_id')).stdout.trim()
}

/** What sshd says first: '' when it takes the connection and is silent, undefined when there is no connection. */
function banner(host: LabHost, wait: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let heard: string | undefined
    const socket = connect({ host: host.address, port: 22, timeout: wait })
    socket.on('connect', () => (heard ??= ''))
    socket.on('data', (bytes) => {
      heard = String(bytes)
      socket.destroy()
    })
    socket.on('timeout', () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(heard))
  })
}
