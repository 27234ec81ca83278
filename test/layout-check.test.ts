/** The check of the layout, tried on trees with one fault each. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, test } from 'vitest'

import { circles } from './layout/circles.ts'
import { faultLine } from './layout/fault.ts'
import { undescribedFolders } from './layout/folder-table.ts'
import { FOLDER_LIMIT, fullFolders, homelessFiles } from './layout/folders.ts'
import { hostWrites } from './layout/host-writes.ts'
import { brokenLinks } from './layout/links.ts'

const trees: string[] = []
afterEach(() => trees.splice(0).forEach((tree) => rmSync(tree, { recursive: true })))

/** A folder with these files. */
function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'layout-'))
  trees.push(root)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

test('a circle of two files is found, also where it is one of types', () => {
  const files = {
    'lab/one.ts': "import type { Two } from './two.ts'\nexport interface One { two: Two }\n",
    'lab/two.ts': "import type { One } from './one.ts'\nexport interface Two { one: One }\n",
    'lab/three.ts': "import { one } from './one.ts'\n",
  }
  const [fault, ...rest] = circles(tree(files), Object.keys(files))
  assert.match(
    faultLine(fault!),
    /^lab\/one\.ts: it and lab\/two\.ts import each other in a circle; move what/,
  )
  assert.deepEqual(rest, [])
})

test('a circle that goes over a lazy import and over three files is found as one', () => {
  const files = {
    'lab/a.ts': "const b = () => import('./b.ts')\n",
    'lab/b.ts': "export { c } from './deep/c.ts'\n",
    'lab/deep/c.ts': "import '../a.ts'\n",
  }
  assert.equal(circles(tree(files), Object.keys(files)).length, 1)
})

test('a folder with one file too many is found, and says how many there may be', () => {
  const files = Array.from({ length: FOLDER_LIMIT }, (_, index) => `packages/bus/src/file-${index}.ts`)
  assert.deepEqual(fullFolders([...files, 'packages/bus/src/index.ts']), [])
  const [fault] = fullFolders([...files, 'packages/bus/src/more.ts'])
  assert.match(faultLine(fault!), /^packages\/bus\/src: it has 16 TypeScript files, the limit is 15; part it/)
})

test('a file in no room is found, files that tools look for in the root are not', () => {
  const faults = homelessFiles(['package.json', '.oxlintrc.json', 'README.md', 'helpers/x.ts', 'notes.txt'])
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['helpers/x.ts', 'notes.txt'],
  )
})

test('links to missing files and headings, and paths that are not there, are found', () => {
  const root = tree({
    'docs/a.md':
      '# Here it is\n\n[b](b.md) [there](b.md#the-budget-of-it) [self](#here-it-is)\n`docs/b.md`\n',
    'docs/b.md': '# B\n\n## The budget, of it\n\n[gone](c.md) [no](a.md#nowhere)\n`packages/gone/x.ts`\n',
  })
  assert.deepEqual(brokenLinks(root, ['docs/a.md']), [])
  assert.deepEqual(
    brokenLinks(root, ['docs/b.md']).map(({ problem }) => problem),
    [
      'the link to c.md leads to no file',
      'docs/a.md has no heading #nowhere',
      'it names `packages/gone/x.ts`, which is not there',
    ],
  )
})

test('a folder that ARCHITECTURE.md does not describe is found', () => {
  const root = tree({ 'ARCHITECTURE.md': '| `packages/bus/src/rpc` | calls |\n' })
  const faults = undescribedFolders(root, ['packages/bus/src/rpc/json.ts', 'packages/bus/src/new/deep/x.ts'])
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['packages/bus/src/new'],
  )
})

test('a write of a host outside the host lifecycle is found, also over two lines and under another name', () => {
  const files = {
    'apps/server/src/one.ts': 'await storage.save(Host, host)\n',
    'apps/server/src/two.ts': 'await storage.update(\n  Host,\n  address,\n)\n',
    'apps/server/src/three.ts': "import { Host as Machine } from '@commissaire/models'\n",
    'apps/server/src/fine.ts': 'await storage.save(HostLock, lock)\nawait storage.get(Host, address)\n',
    'apps/server/test/fine.test.ts': 'await storage.save(Host, host)\n',
    'packages/storage/src/host-lifecycle/fine.ts': 'await storage.save(Host, host)\n',
  }
  const faults = hostWrites(tree(files), Object.keys(files))
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['apps/server/src/one.ts', 'apps/server/src/two.ts', 'apps/server/src/three.ts'],
  )
  assert.match(faultLine(faults[0]!), /it saves a host by itself; use a function of @commissaire\/storage/)
})
