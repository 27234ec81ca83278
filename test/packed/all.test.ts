/** Every published package, packed and installed in an empty folder: its entries load, its types resolve, its programs start. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

const Manifest = z.looseObject({
  name: z.string(),
  private: z.boolean().optional(),
  exports: z.record(z.string(), z.unknown()).default({}),
  bin: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
})

const published = globSync('{packages,apps}/*/package.json', { cwd: root })
  .map((file) => Manifest.parse(JSON.parse(readFileSync(join(root, file), 'utf8'))))
  .filter((manifest) => !manifest.private)

const entries = published.flatMap(({ name, exports }) =>
  Object.keys(exports).map((entry) => join(name, entry)),
)
const programs = published.flatMap(({ bin }) => Object.keys(bin))

describe('the packed packages', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'packed-all-'))

  beforeAll(async () => {
    const workspaces = published.flatMap(({ name }) => ['--workspace', name])
    await run('npm', ['pack', '--silent', ...workspaces, '--pack-destination', folder], { cwd: root })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    const tarballs = globSync('*.tgz', { cwd: folder }).map((file) => `./${file}`)
    expect(tarballs).toHaveLength(published.length)
    const peers = published.flatMap(({ peerDependencies }) => Object.entries(peerDependencies))
    const others = peers.filter(([name]) => !name.startsWith('@commissaire/')).map((each) => each.join('@'))
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error']
    await run('npm', ['install', ...quiet, ...tarballs, ...new Set(others)], { cwd: folder })
  }, 300_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('have their licence and a description', () => {
    for (const { name } of published) {
      const files = globSync('{LICENSE,README.md}', { cwd: join(folder, 'node_modules', name) })
      assert.deepEqual(files.toSorted(), ['LICENSE', 'README.md'], name)
    }
  })

  test('load with plain Node, each by all of its entries', async () => {
    const lines = entries.map((entry) => `await import(${JSON.stringify(entry)})`)
    writeFileSync(join(folder, 'load.js'), `${lines.join('\n')}\nprocess.exit(0)\n`)
    await run(process.execPath, ['load.js'], { cwd: folder })
  })

  test('have types that resolve without the workspace', async () => {
    const lines = entries.map(
      (entry, index) => `import type * as entry${index} from ${JSON.stringify(entry)}`,
    )
    const uses = entries.map((_, index) => `entry${index}`)
    const text = `${lines.join('\n')}\nexport type All = [${uses.map((use) => `typeof ${use}`).join(', ')}]\n`
    writeFileSync(join(folder, 'types.ts'), text)
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'esnext',
      '--skipLibCheck',
      ...types,
    ]
    const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), [...options, 'types.ts'], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error)
    expect(stdout).toBe('')
  })

  test.each(programs)('%s starts', async (name) => {
    const { stdout } = await run(join(folder, 'node_modules/.bin', name), ['--version'], {
      cwd: folder,
      env: { ...process.env, PATH: `${resolve(process.execPath, '..')}:${process.env.PATH ?? ''}` },
    })
    expect(stdout).toMatch(/\d+\.\d+\.\d+/)
  })
})

test('every room is type-checked', () => {
  for (const file of ['tsconfig.json', 'tsconfig.checks.json']) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const room of globSync('{packages,apps}/*/tsconfig.json', { cwd: root }))
      expect(text).toContain(`"path": "${room.replace('/tsconfig.json', '')}"`)
  }
})
