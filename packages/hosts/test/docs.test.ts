import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { families, findingTable, hostErrorTable } from '../src/index.ts'

const manual = readFileSync(new URL('../../../docs/reference/hosts.md', import.meta.url), 'utf8')

/** The cells of the table below a heading. */
function rows(heading: string): string[][] {
  const [, section = ''] = manual.split(`## ${heading}\n`)
  const [body = ''] = section.split('\n## ')
  const lines = body.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

test('the manual has every error, with its meaning and remedy, and no ghost', () => {
  const expected = Object.entries(hostErrorTable).map(([code, { meaning, remedy }]) => [
    `\`${code}\``,
    meaning,
    `${remedy}.`,
  ])
  expect(rows('Errors')).toEqual(expected)
})

test('the manual has every family, and no ghost', () => {
  expect(rows('Families').map(([family]) => family)).toEqual(families.map((family) => `\`${family}\``))
})

test('the manual has every finding, how bad it is and its remedy, and no ghost', () => {
  const expected = Object.entries(findingTable).map(([code, { severity, meaning, remedy }]) => [
    `\`${code}\``,
    severity,
    meaning,
    `${remedy}.`,
  ])
  expect(rows('Preflight checks')).toEqual(expected)
})
