/**
 * Who may stand on whom. The table is the house; this test holds package.json, tsconfig.json and the imports to it,
 * as the compiler alone does not notice a sister package that is imported and not declared.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

const standsOn: Record<string, readonly string[]> = {
  'packages/launch': [],
  'packages/testing': [],
  'packages/models': [],
  'packages/bus': [],
  'packages/service': ['bus'],
  'packages/storage': ['models', 'bus'],
  'packages/hosts': ['models'],
  'packages/rollout': ['models'],
  'packages/containermgr': ['models', 'bus'],
  'apps/services': ['launch', 'models', 'bus', 'service', 'storage', 'hosts', 'rollout', 'containermgr'],
  'apps/server': ['launch', 'models', 'bus', 'service', 'storage'],
  'apps/commctl': ['launch', 'models'],
  'apps/commissaire': ['launch', 'models', 'bus', 'service', 'storage', 'hosts', 'services', 'server'],
  lab: [],
  examples: ['bus', 'server', 'service', 'storage'],
}

const sisters = (names: Iterable<string>) =>
  [
    ...new Set(
      [...names].filter((name) => name.startsWith('@commissaire/')).map((name) => name.split('/')[1] ?? ''),
    ),
  ].sort()

const json = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'))

function importsOf(room: string): string[] {
  const files = globSync(`${room}/{src,bin}/**/*.{ts,js}`, { cwd: root })
  const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n')
  return sisters(
    [...text.matchAll(/(?:from|import\()\s*'(@commissaire\/[^']+)'/g)].map((match) => match[1] ?? ''),
  )
}

for (const [room, allowed] of Object.entries(standsOn)) {
  test(`${room} declares just the sisters that the house allows`, () => {
    const declared = sisters(Object.keys(json(`${room}/package.json`).dependencies ?? {}))
    assert.deepEqual(declared, [...allowed].sort())
  })

  test(`${room} imports nothing that it does not declare`, () => {
    const self = basename(json(`${room}/package.json`).name)
    const undeclared = importsOf(room).filter((name) => name !== self && !allowed.includes(name))
    assert.deepEqual(undeclared, [])
  })

  test(`${room} refers the compiler to the sisters it declares`, () => {
    if (!existsSync(join(root, room, 'tsconfig.json'))) return
    const references: { path: string }[] = json(`${room}/tsconfig.json`).references
    const referred = references.map(({ path }) => basename(path)).sort()
    assert.deepEqual(referred, allowed.filter((name) => name !== 'launch').sort())
  })
}

test('every workspace has its place in the table', () => {
  const found = globSync('{packages,apps}/*/package.json', { cwd: root }).map((file) => dirname(file))
  assert.deepEqual([...found, 'lab', 'examples'].sort(), Object.keys(standsOn).sort())
})

test('every package has one version, and asks for its sisters in that version', () => {
  const { version } = json('package.json')
  for (const file of Object.keys(standsOn).map((room) => `${room}/package.json`)) {
    const { version: own, dependencies = {} } = json(file)
    const asked = Object.entries(dependencies).filter(([name]) => name.startsWith('@commissaire/'))
    assert.deepEqual(
      [own ?? version, ...asked.map(([, range]) => range)],
      [version, ...asked.map(() => version)],
      file,
    )
  }
})

test('no room reaches into another by path', () => {
  const crossing = globSync('{packages,apps}/*/src/**/*.ts', { cwd: root }).filter((file) => {
    const home = join(root, ...file.split('/').slice(0, 2))
    const paths = [...readFileSync(join(root, file), 'utf8').matchAll(/from '(\.[^']+)'/g)].map(
      (match) => match[1] ?? '',
    )
    return paths.some((path) => relative(home, resolve(root, dirname(file), path)).startsWith('..'))
  })
  assert.deepEqual(crossing, [])
})
