import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'vitest'
import { errorOfCode, errorTable } from '../src/errors.ts'

test('the manual has every error of the table, and no other', () => {
  const manual = readFileSync(new URL('../../../docs/reference/errors.md', import.meta.url), 'utf8')
  const rows = [...manual.matchAll(/^\| (\w+) \| (-?\d+) \| (.+) \|$/gm)].map(([, name, code, meaning]) => [
    name,
    Number(code),
    meaning,
  ])
  assert.deepEqual(
    rows,
    Object.entries(errorTable).map(([name, { code, meaning }]) => [name, code, meaning]),
  )
})

test('a code makes the error that it stands for, and an unknown one is kept', () => {
  for (const [name, { code }] of Object.entries(errorTable))
    assert.equal(errorOfCode(code, '', {}).name, name)
  const strange = errorOfCode(4711, 'strange', { a: 1 })
  assert.deepEqual(
    [strange.name, strange.code, strange.message, strange.data],
    ['RemoteError', 4711, 'strange', { a: 1 }],
  )
})
