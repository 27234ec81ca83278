/** The manual's table of a drain's errors is the table itself, so that neither can be changed alone. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { drainErrorCodes } from '../src/drain/index.ts'

test("the manual lists a drain's errors", () => {
  const manual = readFileSync(join(import.meta.dirname, '../../../docs/reference/drain.md'), 'utf8')
  const [, section = ''] = manual.split('A `DrainError` has')
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, code, text]) => [code, text])
  expect(rows).toEqual(Object.entries(drainErrorCodes))
})
