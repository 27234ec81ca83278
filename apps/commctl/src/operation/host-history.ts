/** Formats the history of one host of an operation: its steps with their durations, and the output of its commands. */
import { isObject, member, textOf, textsOf } from '../client/json-value.ts'
import { printable } from '../output/printable.ts'
import { moment, span } from '../output/quantities.ts'
import { writeTable } from '../output/table.ts'
import { column, type View } from '../output/view.ts'

type Entry = Readonly<Record<string, unknown>>

/** One line of the history. */
export interface HistoryRow extends Entry {
  readonly step: string
  readonly result: string
  readonly at: number
  readonly took: string
  readonly note: string
}

const historyView: View = {
  key: 'step',
  columns: [
    column('step'),
    column('result'),
    { title: 'BEGAN', cell: ({ at }) => moment(at) },
    { ...column('took'), right: true },
    column('note'),
  ],
}

/** The whole history as text. */
export function historyOf(host: unknown, width: number | undefined): string {
  const rows = rowsOf(member(host, 'journal'))
  const table = rows.length > 0 ? ['', writeTable(rows, { view: historyView, width })] : []
  return [headOf(host), ...table, ...outputOf(host)].join('\n')
}

/** The journal, a row for each step that was taken and for each thing that happened between steps. */
export function rowsOf(journal: unknown, now = Date.now()): HistoryRow[] {
  const entries = Array.isArray(journal) ? journal.filter(isObject) : []
  const rows: HistoryRow[] = []
  for (const entry of entries) {
    const ends = entry.type === 'step_done' || entry.type === 'step_failed'
    const open = ends
      ? rows.findLastIndex(({ step, result }) => step === entry.step && result === UNDER_WAY)
      : -1
    const begun = rows[open]
    if (begun) rows[open] = ended(begun, entry)
    else if (entry.type !== 'step_noted') rows.push(begunBy(entry, now))
  }
  return rows
}

const UNDER_WAY = 'under way'

function begunBy(entry: Entry, now: number): HistoryRow {
  const at = Number(entry.at)
  const note = textOf(entry.reason) ?? ''
  const step = textOf(entry.step)
  if (entry.type === 'step_began')
    return { step: step ?? '', result: UNDER_WAY, at, took: since(at, now), note }
  return { step: step ?? '', result: String(entry.type).replaceAll('_', ' '), at, took: '', note }
}

function ended(row: HistoryRow, entry: Entry): HistoryRow {
  const took = since(row.at, Number(entry.at))
  if (entry.type === 'step_failed')
    return { ...row, took, result: 'failed', note: textOf(entry.reason) ?? '' }
  const why = textOf(member(entry.note, 'not_needed'))
  return { ...row, took, result: why === undefined ? 'done' : 'not needed', note: why ?? '' }
}

function since(from: number, until: number): string {
  return span(Math.max(0, (until - from) / 1000))
}

function headOf(host: unknown): string {
  const [address, state, step, reason] = ['address', 'state', 'step', 'reason'].map((name) =>
    printable(textOf(member(host, name)) ?? ''),
  )
  const where = step && (state === 'working' || state === 'failed') ? ` at ${step}` : ''
  return `${address}: ${state}${where}${reason && `: ${reason}`}`
}

function outputOf(host: unknown): string[] {
  const lines = textsOf(member(host, 'output'))
  if (lines.length === 0) return []
  const dropped = Number(member(host, 'dropped') ?? 0)
  const before = dropped > 0 ? ` (${dropped} lines before are not kept)` : ''
  return ['', `OUTPUT${before}`, ...lines.map(printable)]
}
