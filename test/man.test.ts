/** The manual pages in `docs/man` say what the programs say, there is one for each, and `man` takes them without a warning. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { program as commissaire } from '../apps/commissaire/src/program.ts'
import { program as server } from '../apps/server/src/program.ts'
import { program as clusterexec } from '../apps/services/src/clusterexec/program.ts'
import { program as containermgr } from '../apps/services/src/containermgr/program.ts'
import { program as investigator } from '../apps/services/src/investigator/program.ts'
import { program as storage } from '../apps/services/src/storage/program.ts'
import { program as watcher } from '../apps/services/src/watcher/program.ts'
import { commctlPage, pageOf, sameAs } from './man.ts'

const root = resolve(import.meta.dirname, '..')
const folder = join(root, 'docs/man')
const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const programs = [commissaire, server, clusterexec, containermgr, investigator, storage, watcher]
const installed = globSync('apps/*/package.json', { cwd: root }).flatMap((file) => {
  const { bin = {} }: { bin?: Record<string, string> } = JSON.parse(readFileSync(join(root, file), 'utf8'))
  return Object.keys(bin)
})
const hasMan = spawnSync('man', ['--version']).status === 0
if (!hasMan) console.warn('SKIPPED: reading the manual pages with man. apt-get install man-db')

test.each(programs.map((program) => [program.name, program] as const))(
  'the page of %s',
  async (name, { manual }) => {
    await expect(pageOf(manual)).toMatchFileSnapshot(join(folder, `${name}.8`))
  },
)

test('the page of commctl, and that of the other name of the container manager service', async () => {
  await expect(await commctlPage(version)).toMatchFileSnapshot(join(folder, 'commctl.1'))
  await expect(sameAs(containermgr.name)).toMatchFileSnapshot(
    join(folder, 'commissaire-clustermgr-service.8'),
  )
})

test('every program that is installed has a page, and nothing else has', () => {
  const pages = globSync('*.[18]', { cwd: folder }).map((file) => file.slice(0, -2))
  assert.deepEqual(pages.sort(), installed.sort())
})

test.each(programs.map((program) => [program.name, program] as const))(
  'every flag in the help of %s is on its page, and every setting has a text',
  (_name, { manual }) => {
    for (const { key, text } of manual.settings) assert.ok(text !== '', `${key} has no text`)
    for (const { flags, text } of manual.flags) assert.ok(text !== '', `${flags} has no text`)
  },
)

test.skipIf(!hasMan && !process.env.CI)('man reads every page without a warning', () => {
  for (const file of globSync('*.[18]', { cwd: folder })) {
    if (readFileSync(join(folder, file), 'utf8').startsWith('.so')) continue
    const { status, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', file], {
      cwd: folder,
      encoding: 'utf8',
    })
    assert.deepEqual([status, stderr], [0, ''], file)
  }
})
