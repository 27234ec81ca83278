import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  checkDeployed,
  connect,
  deployHost,
  type Facts,
  gatherFacts,
  type Remote,
  upgradeHost,
} from '../src/index.ts'
import { FakeHost, type FakeHostOptions, type Reply } from '../src/testing.ts'

let host: FakeHost
let remote: Remote
let facts: Facts

async function use(options: FakeHostOptions, lines: readonly string[] = []): Promise<void> {
  host = await FakeHost.start(options)
  host.lines = lines
  remote = await connect(host.target())
  facts = await gatherFacts(remote)
}
beforeEach(() => use({}))
afterEach(async () => {
  await remote.close()
  await host.close()
})

/** Answers by what the command contains; the first that fits. */
const script =
  (answers: Record<string, Reply | (() => Reply)>) =>
  ({ command }: { command: string }): Reply | undefined => {
    const found = Object.entries(answers).find(([part]) => command.includes(part))?.[1]
    return typeof found === 'function' ? found() : found
  }

test('an upgrade refreshes, upgrades and asks whether a reboot is needed', async () => {
  await use({
    respond: script({
      'dist-upgrade': { stdout: '3 upgraded, 0 newly installed' },
    }),
  })
  const report = await upgradeHost(remote, facts)
  expect([report.outcome, report.rebootNeed.answer]).toEqual(['done', 'no'])
  expect(host.commands.map((command) => /update|dist-upgrade|needrestart/.exec(command)?.[0])).toEqual([
    'update',
    'dist-upgrade',
    'needrestart',
  ])
})

test('zypper is run again as long as it says that it updated itself', async () => {
  const codes = [103, 103, 102]
  await use({ system: 'leap', respond: script({ '-n patch': () => ({ code: codes.shift() }) }) })
  expect((await upgradeHost(remote, facts)).outcome).toBe('done')
  expect(host.commands.filter((command) => command.includes('-n patch'))).toHaveLength(3)
})

test('a zypper that is never content fails', async () => {
  await use({ system: 'leap', respond: script({ '-n patch': { code: 103 } }) })
  await expect(upgradeHost(remote, facts)).rejects.toMatchObject({ code: 'command_failed' })
})

test('a failed upgrade tells the last words of the command', async () => {
  await use({
    respond: script({ 'dist-upgrade': { code: 100, stderr: 'E: Sub-process returned an error code\n' } }),
  })
  await expect(upgradeHost(remote, facts)).rejects.toMatchObject({
    code: 'command_failed',
    message: expect.stringContaining('E: Sub-process returned an error code') as string,
  })
})

test('a held lock is told from a failure', async () => {
  await use({ system: 'leap', respond: script({ '-n patch': { code: 7 } }) })
  await expect(upgradeHost(remote, facts)).rejects.toMatchObject({ code: 'busy' })
})

test('every line of an upgrade can be seen', async () => {
  await use({ respond: script({ 'dist-upgrade': { stdout: 'Unpacking bash\nSetting up bash\n' } }) })
  const lines: string[] = []
  await upgradeHost(remote, facts, { onLine: (_stream, line) => lines.push(line) })
  expect(lines).toEqual(expect.arrayContaining(['Unpacking bash', 'Setting up bash']))
})

test.each([
  ['a host without sudo', {}, ['privilege=none: sudo asks for a password'], 'no_sudo'],
  ['a full /boot', {}, ['fs=/dev/vda1 100000 99000 1000 99% /boot'], 'no_space'],
  ['a host that zincati drives', { system: 'coreos' }, [], 'driven_elsewhere'],
] as const)('%s is left untouched', async (_name, options, lines, code) => {
  await use(options, lines)
  await expect(upgradeHost(remote, facts)).rejects.toMatchObject({ code })
  expect(host.commands).toEqual([])
})

test('a version is deployed, and after the reboot it is checked to run', async () => {
  await use({ system: 'silverblue' })
  const { expected } = await deployHost(remote, facts, { version: '41.20250301.0' })
  expect([expected?.version, host.commands[0]]).toEqual([
    '41.20250301.0',
    'LC_ALL=C rpm-ostree deploy 41.20250301.0',
  ])
  if (!expected) throw new Error('nothing to expect')
  expect(() => checkDeployed(facts, expected)).toThrow(expect.objectContaining({ code: 'rolled_back' }))
  const booted = { ...facts, image: { booted: expected, pending: undefined, isLayered: false } }
  expect(() => checkDeployed(booted, expected)).not.toThrow()
})

test('deploying on a host of packages is refused before anything is done', async () => {
  await expect(deployHost(remote, facts, { version: '2' })).rejects.toMatchObject({ code: 'not_supported' })
  expect(host.commands).toEqual([])
})
