/**
 * Completes a command line: `commctl __complete WORD…`, where the last word is the one being typed. The completion scripts
 * of all shells call this and have no copy of the table.
 */
import type { ArgumentRow, CommandRow, Completes, OptionRow } from './command.ts'
import { globalOptions } from './global-options.ts'
import { loadTable } from './command-table.ts'

/** One thing that may be typed, and what it means. */
export interface Candidate {
  readonly word: string
  readonly text: string
}

/** Asks the server for names. */
export type Names = (kind: Completes, config: string | undefined) => Promise<readonly string[]>

/** Told by a shell's script to complete file names itself. */
export const FILES: Candidate = { word: ':files', text: '' }

/** Where the words before the last one lead. */
interface Place {
  readonly row: CommandRow
  readonly operands: number
  /** The option that waits for its value. */
  readonly pending: OptionRow | undefined
  readonly config: string | undefined
}

/** Completes the last of the words. */
export async function complete(words: readonly string[], names: Names): Promise<Candidate[]> {
  const typed = words.at(-1) ?? ''
  const root: CommandRow = { name: 'commctl', summary: '', examples: [], commands: await loadTable() }
  const place = walk(root, words.slice(0, -1))
  const all = await candidatesAt(place, typed, names)
  return all.filter((candidate) => candidate === FILES || candidate.word.startsWith(typed))
}

function walk(root: CommandRow, words: readonly string[]): Place {
  let place: Place = { row: root, operands: 0, pending: undefined, config: undefined }
  for (const word of words) place = step(place, word)
  return place
}

function step(place: Place, word: string): Place {
  const { row, operands, pending } = place
  if (pending)
    return { ...place, pending: undefined, ...(pending.flags.includes('--config') && { config: word }) }
  if (row.passesThrough && operands > 0) return { ...place, operands: operands + 1 }
  if (word.startsWith('-')) return { ...place, pending: valueOption(row, word) }
  const sub = row.commands?.find(({ name, aliases = [] }) => name === word || aliases.includes(word))
  return sub ? { ...place, row: sub, operands: 0 } : { ...place, operands: operands + 1 }
}

function valueOption(row: CommandRow, word: string): OptionRow | undefined {
  return optionsOf(row).find((option) => option.flags.includes('<') && flagsOf(option).includes(word))
}

function optionsOf(row: CommandRow): OptionRow[] {
  const general = row.ownShortO
    ? globalOptions.map((one) => ({ ...one, flags: one.flags.replace('-o, ', '') }))
    : globalOptions
  return [...(row.options ?? []), ...general]
}

const flagsOf = ({ flags }: OptionRow): string[] => flags.match(/(?<![\w-])--?[a-z][\w-]*/gi) ?? []

async function candidatesAt(place: Place, typed: string, names: Names): Promise<Candidate[]> {
  const { row, operands, pending, config } = place
  if (pending) return valuesOf(pending, config, names)
  if (row.passesThrough && operands > 0) return [FILES]
  if (typed.startsWith('-')) return flagCandidates(row)
  if (row.commands) return row.commands.map(({ name, summary }) => ({ word: name, text: summary }))
  const argument = argumentAt(row.arguments ?? [], operands)
  return argument ? valuesOf(argument, config, names) : []
}

function argumentAt(rows: readonly ArgumentRow[], index: number): ArgumentRow | undefined {
  return rows[index] ?? (rows.at(-1)?.many ? rows.at(-1) : undefined)
}

function flagCandidates(row: CommandRow): Candidate[] {
  const help: OptionRow = { flags: '--help', text: 'show how it is used' }
  return [...optionsOf(row), help].map((option) => ({
    word: flagsOf(option).at(-1) ?? '',
    text: option.text,
  }))
}

async function valuesOf(
  row: Pick<ArgumentRow, 'completes' | 'choices' | 'text'> & Pick<OptionRow, 'suggests'>,
  config: string | undefined,
  names: Names,
): Promise<Candidate[]> {
  if (row.completes === 'files') return [FILES]
  const words = row.choices ?? row.suggests ?? (row.completes ? await names(row.completes, config) : [])
  return words.map((word) => ({ word, text: row.text }))
}
