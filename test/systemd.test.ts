/** The systemd units: understood by systemd itself, closed as tightly as Node allows, each for a program that there is. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterAll, describe, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const units = globSync('conf/systemd/*.service', { cwd: root }).sort()
const folder = mkdtempSync(join(tmpdir(), 'units-'))
afterAll(() => rmSync(folder, { recursive: true }))

const read = (unit: string): string => readFileSync(join(root, unit), 'utf8')
const hardening = (unit: string): string => /^# Sandbox:[^]*(?=\n\[Install\])/m.exec(read(unit))?.[0] ?? unit

const programs = globSync('apps/*/package.json', { cwd: root }).flatMap((file) => {
  const { bin = {} }: { bin?: Record<string, string> } = JSON.parse(read(file))
  return Object.keys(bin)
})

const analyze = (...words: string[]) => spawnSync('systemd-analyze', words, { encoding: 'utf8' })
const hasSystemd = analyze('--version').status === 0
if (!hasSystemd) console.warn('SKIPPED: checking units with systemd. apt-get install systemd')

test('there is a unit for every program that runs for long, and for no other', () => {
  const started = units.map((unit) => /^ExecStart=\/usr\/bin\/(\S+)$/m.exec(read(unit))?.[1])
  const lasting = programs.filter((name) => !['commctl', 'commissaire-clustermgr-service'].includes(name))
  assert.deepEqual(started.sort(), lasting.sort())
})

test('all units are hardened alike', () => {
  for (const unit of units) assert.equal(hardening(unit), hardening(units[0] ?? ''), unit)
})

describe.skipIf(!hasSystemd && !process.env.CI)('systemd', () => {
  for (const unit of units) {
    const name = basename(unit)
    // The programs are not installed on the machine that tests.
    const copy = join(folder, name)
    writeFileSync(
      copy,
      read(unit)
        .replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true')
        .replace(/^Documentation=.*\n/m, ''),
    )

    test(`understands all of ${name}`, () => {
      const { status, stdout, stderr } = analyze('verify', '--recursive-errors=no', '--man=no', copy)
      assert.deepEqual([status, stdout + stderr], [0, ''])
    })

    test(`finds ${name} well protected`, () => {
      const { status, stdout, stderr } = analyze('security', '--offline=yes', '--threshold=20', copy)
      assert.equal(status, 0, stdout + stderr)
    })
  }
})
