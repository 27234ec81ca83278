/** The guide to rolling operations says what there is: its policies are policies, its commands are commands. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parseAs, RolloutPolicy } from '@commissaire/models'
import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { type CommandRow, globalOptions, loadTable } from '../src/index.ts'

const guide = readFileSync(new URL('../../../docs/guide/rolling-operations.md', import.meta.url), 'utf8')
const table = await loadTable()

function blocks(language: string): string[] {
  return [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  )
}

test.each(blocks('yaml'))('a policy of the guide is one: %s', (text) => {
  parseAs(RolloutPolicy, parse(text), { name: 'policy' })
})

test('the table of the guide has every member of a policy, and no other', () => {
  const rows = [...guide.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1])
  assert.deepEqual(rows, Object.keys(RolloutPolicy.shape))
})

describe('a command of the guide', () => {
  const lines = blocks('sh').flatMap((block) => block.split('\n'))
  const commands = lines.flatMap((line) => line.split(' && ')).filter(Boolean)

  test.each(commands)('%s', (line) => {
    const [program, ...words] = (line.split(' -- ')[0] ?? '').split(' ')
    assert.equal(program, 'commctl')
    const row = words.reduce<CommandRow | undefined>(
      (at, word) => at?.commands?.find(({ name }) => name === word) ?? at,
      { name: 'commctl', summary: '', examples: [], commands: table },
    )
    assert.ok(row?.run, `${line} leads to no command`)
    const options = [...globalOptions, ...(row.options ?? [])]
    const known = new Set(options.flatMap(({ flags }) => flags.match(/--?[a-z][a-z-]*/g) ?? []))
    const unknown = words.filter((word) => /^--?[a-z]/.test(word) && !known.has(word))
    assert.deepEqual(unknown, [])
  })
})
