/** The manual's tables are compared with what the code knows, so that neither can be changed alone. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { options } from '../src/handlers/sqlite.ts'
import { StoreFault, type StoreFaultKind } from '../src/index.ts'
import { placeModels } from '../src/placement.ts'

const manual = readFileSync(join(import.meta.dirname, '../../../docs/reference/storage.md'), 'utf8')

test('the manual lists every option of sqlite with its default', () => {
  const [, section = ''] = manual.split('### sqlite\n')
  const rows = [...section.matchAll(/^\| `(\w+)` \| `([^`]+)` \|/gm)].slice(
    0,
    Object.keys(options.shape).length,
  )
  const shown = Object.fromEntries(rows.map(([, name = '', value = '']) => [name, JSON.parse(value)]))
  assert.deepEqual(shown, options.parse({}))
})

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
    sealed: true,
    closed: true,
  }
  for (const kind of Object.keys(kinds)) assert.match(manual, new RegExp(`^\\| \`${kind}\` \\|`, 'm'))
  assert.equal(new StoreFault('full', '').data['kind'], 'full')
})
