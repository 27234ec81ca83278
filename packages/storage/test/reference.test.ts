/** The manual's tables are compared with what the code knows, so that neither can be changed alone. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { options as etcdOptions } from '../src/handlers/etcd/etcd.ts'
import { options } from '../src/handlers/sqlite/sqlite.ts'
import { StoreFault, type StoreFaultKind } from '../src/index.ts'
import { keyPath, storedModels } from '../src/keys.ts'
import { placeModels } from '../src/configuration/placement.ts'

const manual = readFileSync(join(import.meta.dirname, '../../../docs/reference/storage.md'), 'utf8')

/** The table of options in a handler's section: each with its default, undefined for none. */
function optionsInManual(type: string): Record<string, unknown> {
  const [, rest = ''] = manual.split(`### ${type}\n`)
  const [section = ''] = rest.split('\n### ')
  const [, table = ''] = section.split('| option | default | meaning |\n|---|---|---|\n')
  const [rows = ''] = table.split('\n\n')
  return Object.fromEntries(
    rows.split('\n').map((row) => {
      const [, name = '', value] = /^\| `(\w+)` \| (?:`([^`]+)`|none) \|/.exec(row) ?? []
      return [name, value === undefined ? undefined : JSON.parse(value)]
    }),
  )
}

for (const [type, schema] of Object.entries({ sqlite: options, etcd: etcdOptions })) {
  test(`the manual lists every option of ${type} with its default`, () => {
    const shown = optionsInManual(type)
    assert.deepEqual(Object.keys(shown), Object.keys(schema.shape))
    assert.deepEqual(JSON.parse(JSON.stringify(shown)), schema.parse({}))
  })
}

test('the manual’s example is a configuration that is accepted', async () => {
  const [, example = ''] = /```json\n(.*?)```/s.exec(manual) ?? []
  const [handler] = await placeModels(JSON.parse(example), { file: 'storage.conf' })
  assert.equal(handler?.name, 'main')
})

test('the manual names every type of handler, and every kind of fault', async () => {
  const error: unknown = await placeModels({ storage_handlers: [{ type: '?' }] }, { file: 'f' }).catch(
    (e: unknown) => e,
  )
  assert.ok(error instanceof Error)
  for (const [, type] of error.message.split('allowed')[1]?.matchAll(/"(\w+)"/g) ?? []) {
    assert.ok(manual.includes(`### ${type}\n`), type)
  }
  const kinds: Record<StoreFaultKind, true> = {
    full: true,
    locked: true,
    damaged: true,
    unwritable: true,
    unreachable: true,
    refused: true,
    sealed: true,
    closed: true,
  }
  for (const kind of Object.keys(kinds)) assert.match(manual, new RegExp(`^\\| \`${kind}\` \\|`, 'm'))
  assert.equal(new StoreFault('full', '').data['kind'], 'full')
})

test('the manual tells where in etcd every model lies', () => {
  for (const definition of storedModels) {
    const path = keyPath(definition, `<${definition.key}>`)
    const isTold = manual.includes(`\`${path}\``) || manual.includes(`\`…/${path.split('/').at(-1)}\``)
    assert.ok(isTold && manual.includes(definition.name), path)
  }
})
