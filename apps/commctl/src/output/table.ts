/**
 * Tables that fit the terminal. When there is too little room, the widest columns are shortened first, down to a
 * minimum; the first column, which has the name, is shortened last.
 */
import { isObject } from '../client/json-value.ts'
import type { WriteOptions } from './view.ts'
import { printable } from './printable.ts'
import { type Column, column, type View } from './view.ts'
import { pad, truncate, widthOf } from './width.ts'

const GAP = '  '
const NARROWEST = 6

/** Writes one thing or a list of them as a table with a heading. */
export function writeTable(value: unknown, { view, width }: WriteOptions): string {
  const things = [value].flat()
  const { columns } = fitting(things, view)
  const rows = things.map((thing) => columns.map((each) => cellText(each.cell(asThing(thing, view)))))
  const titles = columns.map(({ title }) => title)
  const natural = titles.map((title, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ''))),
  )
  const widths = fit(natural, width)
  return [titles, ...rows].map((row) => writeRow(row, columns, widths)).join('\n')
}

/** The view that was asked for, or one made of what is there. */
function fitting(things: readonly unknown[], view: View | undefined): View {
  if (view) return view
  const attributes = new Set(things.flatMap((thing) => Object.keys(asThing(thing, undefined))))
  return { key: 'name', columns: [...attributes].map((attribute) => column(attribute)) }
}

function asThing(thing: unknown, view: View | undefined): Readonly<Record<string, unknown>> {
  return isObject(thing) ? thing : { [view?.key ?? 'name']: thing }
}

function cellText(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-'
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Takes columns away from the widest until all fit, from the first only when nothing else is left. */
function fit(natural: readonly number[], width = Infinity): number[] {
  const widths = [...natural]
  let excess = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1) - width
  while (excess > 0) {
    const rest = Math.max(...widths.slice(1), 0)
    const index = rest > NARROWEST ? widths.lastIndexOf(rest) : widths.indexOf(Math.max(...widths))
    if ((widths[index] ?? 0) <= 1) break
    widths[index] = (widths[index] ?? 0) - 1
    excess--
  }
  return widths
}

function writeRow(row: readonly string[], columns: readonly Column[], widths: readonly number[]): string {
  const cells = row.map((text, index) => {
    const width = widths[index] ?? 0
    return pad(truncate(text, width), width, { right: columns[index]?.right ?? false })
  })
  return cells.join(GAP).trimEnd()
}
