/** The dashboard bundles this package: it must need nothing that a browser lacks. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'

test('the sources import nothing but zod and each other', () => {
  const source = join(import.meta.dirname, '..', 'src')
  for (const file of globSync('**/*.ts', { cwd: source })) {
    const text = readFileSync(join(source, file), 'utf8')
    const foreign = [...text.matchAll(/from '([^'.][^']*)'/g)].map((match) => match[1])
    assert.deepEqual(
      foreign.filter((name) => name !== 'zod'),
      [],
      file,
    )
    assert.doesNotMatch(text, /\b(process|Buffer|require|__dirname)\b/, file)
  }
})
