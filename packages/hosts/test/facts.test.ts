import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAnswer } from '../src/facts/answer.ts'
import { factsProbe, firstLine, lastLine, probeCommand } from '../src/facts/probe.ts'
import { readFacts } from '../src/facts/read.ts'
import { connect, type Facts, gatherFacts, hostFields, readBootStatus } from '../src/index.ts'
import { factsAnswer, FakeHost, type HostState, type SystemName, systems } from '../src/testing.ts'

const state: HostState = {
  system: 'debian',
  name: 'one',
  user: 'root',
  bootId: '7bc2875d-495c-4b93-8da9-ed5c682fa254',
  uptime: 100,
  systemdState: 'running',
  failedUnits: [],
  softReboots: 0,
  privilege: 'root',
  lines: [],
}

function read(stdout: string): Facts {
  const result = { code: 0, signal: null, stdout, stderr: '', truncated: false, ms: 50 }
  return readFacts(parseAnswer(result, '10.0.0.5'), {
    address: '10.0.0.5',
    hostKey: 'ssh-ed25519 AAAA',
    ms: 50,
  })
}

const names = Object.keys(systems) as SystemName[]
test.each(names)('the answer of %s gives its family, its name and its need of a reboot', (system) => {
  const facts = read(factsAnswer({ ...state, system }))
  const { family, osName, reboot } = systems[system]
  expect([facts.family, facts.osName, facts.rebootNeed.answer]).toEqual([family, osName, reboot])
  expect(facts.rebootNeed.reason).not.toBe('')
  expect(facts.rebootNeed.source).not.toBe('')
})

test('the model gets processors, memory and space in kilobytes', () => {
  expect(hostFields(read(factsAnswer(state)))).toEqual({
    os: 'debian',
    cpus: 4,
    memory: 8041264,
    space: 41152736 + 996780,
  })
})

test('an answer without an end is invalid, wherever it was cut', () => {
  const whole = factsAnswer(state)
  for (let length = 0; length < whole.length - 1; length += 97) {
    expect(() => read(whole.slice(0, length))).toThrow(expect.objectContaining({ code: 'facts_invalid' }))
  }
})

test('what a login shell prints before and after is skipped', () => {
  const facts = read(`Welcome!\nos.ID=evil\n${factsAnswer(state)}logout\n`)
  expect(facts.os.id).toBe('debian')
})

test.each([
  ['boot-id=sh: cannot open /proc/sys/kernel/random/boot_id', 'no UUID'],
  ['boot-id=', 'no UUID'],
  ['cpus=', '"cpus" is ""'],
  ['memory.total=lots', '"memory.total" is "lots"'],
  ['privilege=maybe', 'the privilege is "maybe"'],
])('an answer with %s is invalid', (line, found) => {
  expect(() => read(factsAnswer({ ...state, lines: [line] }))).toThrow(found)
})

test('quotes and backslashes in os-release are undone, and nothing in it is run', () => {
  const facts = read(factsAnswer({ ...state, lines: [String.raw`os.PRETTY_NAME="A \"new\" \$(reboot)"`] }))
  expect(facts.os.name).toBe('A "new" $(reboot)')
})

test('a kernel with built-in modules needs no reboot for having no modules', () => {
  const lines = ['kernel=6.13.4-arch1-1', 'kernel.modules=6.13.4-arch1-1']
  expect(read(factsAnswer({ ...state, system: 'arch', lines })).rebootNeed.answer).toBe('no')
  expect(read(factsAnswer({ ...state, system: 'microvm' })).rebootNeed.answer).toBe('unknown')
})

test('the facts are plain data', () => {
  for (const system of names) {
    const facts = read(factsAnswer({ ...state, system }))
    expect(JSON.parse(JSON.stringify(facts))).toEqual(JSON.parse(JSON.stringify(structuredClone(facts))))
  }
})

test('an image system tells what is booted and what waits', () => {
  const facts = read(factsAnswer({ ...state, system: 'silverblue' }))
  expect(facts.image?.booted.version).toBe('41.20250217.0')
  expect(facts.image?.pending?.version).toBe('41.20250301.0')
  expect(read(factsAnswer({ ...state, system: 'bootc' })).image?.booted.reference).toBe(
    'quay.io/fedora/fedora-bootc:41',
  )
})

describe('the probe, run for real', () => {
  const shells: Record<string, () => string> = {
    dash: () => execFileSync('dash', ['-s'], { input: factsProbe, encoding: 'utf8' }),
    'bash --posix': () => execFileSync('bash', ['--posix', '-s'], { input: factsProbe, encoding: 'utf8' }),
    'busybox ash with nothing but busybox': () => withOnlyBusybox(factsProbe),
  }
  test.each(Object.keys(shells))('under %s it tells the truth', (shell) => {
    const facts = read(shells[shell]?.() ?? '')
    expect(facts.bootId).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
    expect(facts.memory.total).toBe(
      Number(/MemTotal: +(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]),
    )
    expect(facts.kernel).toBe(readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim())
    expect(facts.cpus).toBeGreaterThan(0)
    expect(facts.fileSystems.map(({ mount }) => mount)).toContain('/')
  })

  test('a probe cut short on its way runs not at all', () => {
    for (const length of [500, 1500, 3000, factsProbe.length - 20]) {
      const cut = `sh -s; true`
      const stdout = execFileSync('sh', ['-c', cut], {
        input: factsProbe.slice(0, length),
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      expect(stdout).not.toContain(firstLine)
    }
  })

  test('its last line is its end marker', () => {
    const stdout = execFileSync('sh', ['-c', probeCommand], { input: factsProbe, encoding: 'utf8' })
    expect(stdout.trimEnd().endsWith(lastLine)).toBe(true)
  })
})

test('facts come from a host in one command', async () => {
  await using host = await FakeHost.start({ system: 'rocky' })
  await using remote = await connect(host.target())
  const facts = await gatherFacts(remote)
  expect([facts.family, facts.hostKey, facts.bootId]).toEqual(['dnf', host.hostKey, host.bootId])
  expect(facts.probe.hostMs).toBe(30)
  const pulse = await readBootStatus(remote)
  expect([pulse.bootId, pulse.systemd?.state]).toEqual([host.bootId, 'running'])
})

test.each(['truncates', 'garbles_boot_id'] as const)('a host that %s has invalid facts', async (failure) => {
  await using host = await FakeHost.start()
  await using remote = await connect(host.target())
  host.failure = failure
  await expect(gatherFacts(remote)).rejects.toMatchObject({ code: 'facts_invalid', address: host.address })
})

function withOnlyBusybox(input: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'commissaire-busybox-'))
  try {
    execFileSync('busybox', ['--install', '-s', folder])
    return execFileSync('busybox', ['ash', '-s'], { input, encoding: 'utf8', env: { PATH: folder } })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
