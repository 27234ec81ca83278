/** The manual's tables of models are compared with the definitions, so that neither can be changed alone. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import {
  attributesOf,
  findModel,
  hostStatuses,
  lists,
  mayMove,
  type ModelDefinition,
  models,
} from '../src/index.ts'

const manual = readFileSync(join(import.meta.dirname, '../../../docs/reference/models.md'), 'utf8')

/** The sections of the manual by their heading, each with its table's rows of name and default. */
const sections = new Map(
  manual
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n')[0]?.trim() ?? '', rowsOf(section)]),
)

function rowsOf(section: string): string[] {
  const rows = [...section.matchAll(/^\| `(\w+)` \| (\S*) \|/gm)]
  return rows.map(([, name, value]) => `${name} ${value}`)
}

function expectedRows(definition: ModelDefinition): string[] {
  return attributesOf(definition).map((name) => `${name} ${defaultOf(definition, name)}`)
}

function defaultOf(definition: ModelDefinition, name: string): string {
  const parsed = definition.schema.shape[name]?.safeParse(undefined)
  return parsed?.success ? `\`${JSON.stringify(parsed.data)}\`` : 'required'
}

for (const definition of Object.values(models)) {
  test(`the manual lists the attributes and defaults of ${definition.name}`, () => {
    assert.deepEqual(sections.get(definition.name), expectedRows(definition))
  })

  test(`the manual says what is hidden and what is secret in ${definition.name}`, () => {
    const section = manual.split(/^## /m).find((each) => each.startsWith(`${definition.name}\n`)) ?? ''
    for (const name of definition.hidden) assert.match(section, new RegExp(`\\| \`${name}\` .* Hidden\\.`))
    for (const name of definition.kept) assert.match(section, new RegExp(`\\| \`${name}\` .* Kept\\.`))
    assert.equal(section.includes('**Secret.**'), definition.secret)
    if (definition.key !== undefined) assert.ok(section.includes(`Key: \`${definition.key}\`.`))
  })
}

test('the manual has no model that does not exist, and every list', () => {
  for (const name of sections.keys()) assert.ok(findModel(name) ?? name === 'Lists', name)
  for (const name of Object.keys(lists)) assert.match(manual, new RegExp(`\\| \`${name}\` \\|`))
})

test('the manual shows every move that a host’s status may make', () => {
  for (const from of hostStatuses) {
    const [, moves = ''] = new RegExp(`^- \`${from === '' ? '""' : from}\` → (.*)$`, 'm').exec(manual) ?? []
    const shown = [...moves.matchAll(/`(\w+)`/g)].map(([, to]) => to)
    const legal = hostStatuses.filter((to) => to !== from && to !== 'failed' && mayMove(from, to))
    assert.deepEqual(new Set<unknown>(shown), new Set<unknown>(legal), from)
  }
})
