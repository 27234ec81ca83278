/** What will be in the way of an operation, told before anything is touched. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { connect, type Finding, findingTable, gatherFacts, preflight } from '../src/index.ts'
import { preflightProbe } from '../src/preflight/probe.ts'
import { FakeHost, type FakeHostOptions } from '../src/testing.ts'

async function findings(options: FakeHostOptions, lines: readonly string[] = []): Promise<Finding[]> {
  await using host = await FakeHost.start(options)
  host.lines = lines
  await using remote = await connect(host.target())
  const found = await preflight(remote, await gatherFacts(remote))
  expect(host.commands).toEqual([])
  return found
}

test('a host that is well has nothing in the way', async () => {
  expect(await findings({})).toEqual([])
})

const now = Math.floor(Date.now() / 1000)
const day = 86_400

test.each<[string, FakeHostOptions, readonly string[], string[], RegExp]>([
  ['no sudo', {}, ['privilege=none: sudo asks for a password'], ['no_sudo'], /sudo asks for a password/],
  ['a held lock', {}, ['lock=/var/lib/dpkg/lock-frontend'], ['busy'], /lock-frontend is held/],
  ['a full /boot', {}, ['fs=/dev/vda1 996780 980000 16780 98% /boot'], ['no_space'], /16780 kB left/],
  ['a full /', {}, ['fs=/dev/vda2 4000000 3990000 10000 99% /'], ['no_space'], /\/ has 10000 kB/],
  ['no inodes', {}, ['inodes=/dev/vda2 2621440 2621400 40 99% /'], ['no_inodes'], /40 more files/],
  ['a read-only root', {}, ['root=ext4 ro,relatime'], ['read_only'], /read-only/],
  ['zincati at work', { system: 'coreos' }, [], ['driven_elsewhere'], /zincati/],
  [
    'an rpm-ostree at work',
    { system: 'silverblue' },
    ['ostree.state=busy'],
    ['busy', 'reboot_pending'],
    /transaction/,
  ],
  ['broken packages', {}, ['unfinished=openssl', 'unfinished=dbus'], ['packages_broken'], /openssl, dbus/],
  ['an interrupted dpkg', {}, ['interrupted=dpkg'], ['packages_broken'], /interrupted/],
  ['a clock that is ahead', {}, [`now=${now + day}`], ['clock_skew'], /86\d{3} s ahead/],
  ['a clock that is behind', {}, [`now=${now - day}`], ['clock_skew'], /86\d{3} s behind/],
  ['a reboot that is due', { system: 'ubuntu' }, [], ['reboot_pending'], /reboot-required/],
  ['a newer kernel', { system: 'rocky' }, [], ['reboot_pending'], /installed kernels/],
  ['a scheduled shutdown', {}, ['scheduled=reboot'], ['going_down'], /a reboot is scheduled/],
  [
    'a host in the middle of its start',
    {},
    ['nologin=1', 'systemd.state=starting'],
    ['starting'],
    /starting/,
  ],
  ['rebootmgr', { system: 'microos' }, [], ['reboot_held', 'reboot_pending'], /rebootmgr/],
])('%s is found', async (_name, options, lines, codes, text) => {
  const found = await findings(options, lines)
  expect(found.map(({ code }) => code)).toEqual(codes)
  expect(found[0]?.found).toMatch(text)
  for (const { code, severity, remedy } of found)
    expect({ severity, remedy }).toEqual({
      severity: findingTable[code].severity,
      remedy: findingTable[code].remedy,
    })
})

test('all that is in the way is told at once, what blocks before what only warns', async () => {
  const lines = ['interrupted=dpkg', 'lock=/var/lib/dpkg/lock', 'privilege=none: sudo is not installed']
  const found = await findings({}, lines)
  expect(found.map(({ severity }) => severity)).toEqual(['blocks', 'blocks', 'warns'])
})

test('an answer that is cut short is no answer', async () => {
  await using host = await FakeHost.start()
  await using remote = await connect(host.target())
  const facts = await gatherFacts(remote)
  host.failure = 'truncates'
  await expect(preflight(remote, facts)).rejects.toMatchObject({ code: 'facts_invalid' })
})

test.each(['dash', 'bash', 'busybox'])('under %s the probe runs and answers whole', (shell) => {
  const args = shell === 'busybox' ? ['ash', '-s'] : ['-s']
  const answer = execFileSync(shell, args, { input: preflightProbe, encoding: 'utf8' })
  expect(answer).toMatch(/^now=\d+$/m)
  expect(answer).toMatch(/^fs=.* \/$/m)
  expect(answer.trimEnd()).toMatch(/commissaire-end$/)
})
