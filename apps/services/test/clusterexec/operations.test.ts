/** What operations are asked for, and what their policies say, over scripted hosts and real SSH. */
import { until } from '@commissaire/testing'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { FakeHost, FakeHostOptions } from '@commissaire/hosts/testing'
import { ClusterDeploy, type OperationHost } from '@commissaire/models'
import { expect, test } from 'vitest'

import { ClusterexecService } from '../../src/index.ts'
import { fleet, reboots, Rolling, stepsIn, times } from './operations.ts'
import { quickReboot, TestSystem } from '../system.ts'

const noWatcher = { watcher: false } as const

/** When a turn began and ended. */
function span({ started_at, finished_at }: OperationHost): [string, string] {
  return [started_at, finished_at]
}

test('a command runs on every host, and what it prints is sent and kept', async () => {
  await using system = await TestSystem.start(noWatcher)
  const respond: FakeHostOptions['respond'] = ({ command }) =>
    command === 'uptime' ? { stdout: 'up 3 days\n', stderr: 'of course\n' } : undefined
  const hosts = await fleet(system, 2, { respond })
  const lines = await system.listen('notify.operation.output')
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'uptime' })
  expect(await rolling.until('finished', 'paused')).toMatchObject({ status: 'finished', hosts: { done: 2 } })
  for (const host of hosts) {
    expect(times(host, 'uptime')).toBe(1)
    expect(stepsIn(await rolling.host(host))).toEqual(['lock', 'check', 'act', 'health'])
    expect(await rolling.output(host)).toEqual(['up 3 days', 'of course'])
    const told = { operation: rolling.id, address: host.address, step: 'act' }
    const sent = [
      { stream: 'stdout', line: 'up 3 days' },
      { stream: 'stderr', line: 'of course' },
    ]
    const heard = await until(() => lines.find(({ body }) => JSON.stringify(body).includes(host.address)))
    expect(heard.body).toMatchObject({ ...told, lines: sent })
  }
})

test('a command that fails stops the roll-out, and a retry runs it once more where it failed', async () => {
  await using system = await TestSystem.start(noWatcher)
  let code = 3
  const respond: FakeHostOptions['respond'] = ({ command }) => (command === 'migrate' ? { code } : undefined)
  const [first, second] = await fleet(system, 2, { respond })
  if (!first || !second) throw new Error('no fleet')
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'migrate' })
  const paused = await rolling.until('paused', 'finished')
  expect(paused.reason).toContain('the command ended with status 3')
  expect(await rolling.host(first)).toMatchObject({ state: 'failed', step: 'act', code: 'command_failed' })
  expect(second.commands).toEqual([])
  code = 0
  await rolling.ask('retry', { hosts: [first.address] })
  expect((await rolling.until('finished', 'paused')).status).toBe('finished')
  expect([times(first, 'migrate'), times(second, 'migrate')]).toEqual([2, 1])
  expect(stepsIn(await rolling.host(first)).filter((step) => step === 'check')).toHaveLength(1)
})

test('a command whose end nobody saw is not run again by itself', async () => {
  await using system = await TestSystem.start({ watcher: false, clusterexec: { queues: [] } })
  const never = Promise.withResolvers<undefined>()
  let isFirst = true
  const [host] = await fleet(system, 1, {
    respond: ({ command }) => {
      if (command !== 'migrate' || !isFirst) return undefined
      isFirst = false
      return never.promise
    },
  })
  if (!host) throw new Error('no fleet')
  const options = { ...system.shared, reboot: quickReboot, lease: 1500 }
  const dying = new ClusterexecService({ ...options, drainTimeout: 20 })
  await dying.start()
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'migrate' })
  await until(() => times(host, 'migrate') > 0)
  await dying.close()
  await system.run(new ClusterexecService(options))
  await rolling.until('failed', 'finished')
  expect(await rolling.host(host)).toMatchObject({ state: 'failed', step: 'act', code: 'outcome_unknown' })
  expect(times(host, 'migrate')).toBe(1)
  await rolling.ask('retry')
  expect((await rolling.until('finished')).hosts).toEqual({ done: 1 })
  expect(times(host, 'migrate')).toBe(2)
  never.resolve(undefined)
})

const old = 'a'.repeat(64)
const wanted = 'b'.repeat(64)

/** A host that boots images, and what it has deployed: the booted one, and the one that the next boot is to run. */
async function imageHost(system: TestSystem, boots: string): Promise<FakeHost> {
  const host: FakeHost = await system.activeHost({
    system: 'silverblue',
    respond: ({ command }) => {
      if (!command.includes('rpm-ostree deploy')) return undefined
      host.lines = [imageLine({ booted: old, staged: wanted })]
      return {}
    },
  })
  host.lines = [imageLine({ booted: old })]
  host.onPhase = (phase) => {
    if (phase === 'down') host.lines = [imageLine({ booted: boots })]
  }
  await system.cluster('web', [host])
  return host
}

function imageLine({ booted, staged }: { booted: string; staged?: string }): string {
  const origin = 'fedora:fedora/41/x86_64/silverblue'
  const deployment = (checksum: string) => ({ checksum, origin, version: `version-${checksum[0]}` })
  const deployments = [
    ...(staged ? [{ ...deployment(staged), booted: false, staged: true }] : []),
    { ...deployment(booted), booted: true },
  ]
  return `image.rpm-ostree=${JSON.stringify({ deployments })}`
}

test('a deployment is done when the host runs the digest that was deployed', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await imageHost(system, wanted)
  const rolling = await Rolling.start(system, { kind: 'deploy', version: 'version-b' })
  expect((await rolling.until('finished', 'failed', 'paused')).status).toBe('finished')
  expect([times(host, 'rpm-ostree deploy version-b'), reboots(host)]).toEqual([1, 1])
  const { journal } = await rolling.host(host)
  const acted = journal.find(({ type, step }) => type === 'step_done' && step === 'act')
  expect(acted).toMatchObject({ note: { outcome: 'done', expected: { digest: wanted } } })
  expect((await system.stored(host.address)).facts).toMatchObject({ image: { booted: { digest: wanted } } })
})

test('a host that fell back to its old image is told as rolled back', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host = await imageHost(system, old)
  const rolling = await Rolling.start(system, { kind: 'deploy', version: 'version-b' })
  const failed = await rolling.until('finished', 'failed', 'paused')
  expect(failed).toMatchObject({ status: 'failed', reason: expect.stringContaining('rolled_back') })
  expect(await rolling.host(host)).toMatchObject({ state: 'failed', step: 'return', code: 'rolled_back' })
  const { failures } = await system.storage.get(ClusterDeploy, 'web')
  expect(failures[host.address]).toMatch(/^rolled_back: .*deployed was version-b .*booted is version-a /)
})

test.for([
  ['always', 'none', 1],
  ['if-needed', 'none', 0],
  ['if-needed', 'flag', 1],
  ['never', 'flag', 0],
] as const)(
  'with reboot "%s" and sign "%s" an upgrade reboots %i times',
  async ([policy, sign, expected]) => {
    await using system = await TestSystem.start(noWatcher)
    const host: FakeHost = await system.activeHost({
      respond: ({ command }) => {
        if (command.includes('dist-upgrade') && sign === 'flag')
          host.lines = ['flag./run/reboot-required=', 'flag.packages=libc6 ']
        return undefined
      },
    })
    await system.cluster('web', [host])
    const rolling = await Rolling.start(system, { kind: 'upgrade', policy: { reboot: policy } })
    expect((await rolling.until('finished', 'failed')).status).toBe('finished')
    expect(reboots(host)).toBe(expected)
    const steps = stepsIn(await rolling.host(host))
    expect(steps).toContain('reboot')
  },
)

test('whether a reboot is needed has to be known where it is asked', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [host] = await fleet(system, 1, { system: 'microvm' })
  const rolling = await Rolling.start(system, { kind: 'upgrade', policy: { reboot: 'if-needed' } })
  const failed = await rolling.until('failed', 'finished')
  expect(failed.reason).toContain('set the policy "reboot" to "always" or "never"')
  expect(reboots(host as FakeHost)).toBe(0)
})

test('a command and a URL of one’s own keep the gate closed until both say well', async () => {
  await using system = await TestSystem.start(noWatcher)
  let isWell = false
  const asked: string[] = []
  const web = createServer(({ url = '' }, response) => {
    asked.push(url)
    response.writeHead(isWell ? 200 : 503).end()
  })
  await new Promise<void>((resolve) => void web.listen(0, '127.0.0.1', resolve))
  const { port } = web.address() as AddressInfo
  const respond: FakeHostOptions['respond'] = ({ command }) =>
    command === 'am-i-well' ? { code: isWell ? 0 : 1, stderr: 'not yet\n' } : undefined
  const [host] = await fleet(system, 1, { respond })
  if (!host) throw new Error('no fleet')
  const url = `http://127.0.0.1:${port}/{address}`
  const health = { command: 'am-i-well', url, ready_for: 0, within: 1 }
  const rolling = await Rolling.start(system, { kind: 'upgrade', policy: { health } })
  const failed = await rolling.until('failed', 'finished')
  expect(failed.reason).toMatch(/"am-i-well" ended with 1: not yet/)
  expect(failed.reason).toContain(`http://127.0.0.1:${port}/${host.address} answers 503`)
  expect(asked).toContain(`/${host.address}`)
  isWell = true
  await rolling.ask('retry')
  expect((await rolling.until('finished')).hosts).toEqual({ done: 1 })
  expect(times(host, 'dist-upgrade')).toBe(1)
  web.close()
})

test('units that had failed before are not held against a host; one that fails by the operation is', async () => {
  await using system = await TestSystem.start(noWatcher)
  const host: FakeHost = await system.activeHost({
    respond: ({ command }) => {
      if (command.includes('dist-upgrade')) host.failedUnits = ['old.service', 'web.service']
      return undefined
    },
  })
  host.failedUnits = ['old.service']
  await system.cluster('web', [host])
  const policy = { reboot: 'never', health: { within: 0 } }
  const rolling = await Rolling.start(system, { kind: 'upgrade', policy })
  const failed = await rolling.until('failed', 'finished')
  expect(failed.reason).toMatch(/failed units: web\.service$/)
})

test('after each host there is a rest', async () => {
  await using system = await TestSystem.start(noWatcher)
  const [first, second] = await fleet(system, 2)
  if (!first || !second) throw new Error('no fleet')
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'true', policy: { pause_between: 2 } })
  await until(async () => (await rolling.get()).reason === 'lets the last host rest')
  await rolling.until('finished')
  const [, ended] = span(await rolling.host(first))
  const [began] = span(await rolling.host(second))
  expect(Date.parse(began) - Date.parse(ended)).toBeGreaterThanOrEqual(1990)
})

test('a ramp begins with one host, and goes on with more only when that is done', async () => {
  await using system = await TestSystem.start(noWatcher)
  const hosts = await fleet(system, 4)
  const policy = { ramp: [1, '75%'] }
  const rolling = await Rolling.start(system, { kind: 'exec', command: 'true', policy })
  await rolling.until('finished')
  const [canary, ...others] = await Promise.all(hosts.map(async (host) => span(await rolling.host(host))))
  for (const [began] of others) expect(began >= String(canary?.[1])).toBe(true)
  const [lastBegan] = others
    .map(([began]) => began)
    .toSorted()
    .slice(-1)
  const [firstEnded] = others.map(([, ended]) => ended).toSorted()
  expect(String(lastBegan) < String(firstEnded)).toBe(true)
})
