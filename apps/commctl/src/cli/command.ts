/**
 * The definition of a command: one row of a table from which the parser, the help, the completion and the manual are derived.
 *
 * The rows live in `commands/`, one file for each word that follows `commctl`; `table.ts` lists the files.
 */
import type { Answer, Api } from '../client/api.ts'
import type { Format } from '../output/format.ts'
import type { View } from '../output/view.ts'

/** Things of which the server knows the names, so that the shell can complete them. */
export type Completes =
  | 'clusters'
  | 'hosts'
  | 'networks'
  | 'container-managers'
  | 'operations'
  | 'schedules'
  | 'files'

/** One positional argument, written in the help as `<NAME>`, `[NAME]` or `<NAME...>`. */
export interface ArgumentRow {
  readonly name: string
  readonly text: string
  readonly optional?: boolean
  readonly many?: boolean
  readonly completes?: Completes
  readonly choices?: readonly string[]
}

/** One option, its flags as commander writes them: `-c, --cluster <CLUSTER>`. */
export interface OptionRow {
  readonly flags: string
  readonly text: string
  /** May be given several times; the values come as a list. */
  readonly repeats?: boolean
  readonly completes?: Completes
  /** What the shell offers. The server decides what it takes, so that a newer server needs no newer commctl. */
  readonly suggests?: readonly string[]
}

/** What the person typed, by the names of the rows. */
export interface ParsedInput {
  readonly one: (argument: string) => string
  readonly optional: (argument: string) => string | undefined
  readonly many: (argument: string) => readonly string[]
  readonly option: (name: string) => string | undefined
  readonly repeated: (name: string) => readonly string[]
  readonly flag: (name: string) => boolean
}

/** What surrounds a command while it runs. */
export interface Session {
  readonly parsed: ParsedInput
  readonly format: Format
  readonly signal: AbortSignal
  readonly strict: boolean
  /** The server, found through the configuration; asks for what is missing there. */
  readonly api: () => Promise<Api>
  /** Writes whole lines to standard output. */
  readonly print: (text: string) => void
  /** Writes whole lines to standard error, where they do not mix with the result. */
  readonly tell: (text: string) => void
}

/** The result of one of several things that were to be done, as `delete A B` has them. */
export interface Result {
  readonly name: string
  readonly answer: Answer | { readonly failed: Error }
}

/** What a command comes back with: what the server said, or the exit status when everything is printed already. */
export type Outcome = Answer | readonly Result[] | number

/** One command, or a word with commands below it. */
export interface CommandRow {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly arguments?: readonly ArgumentRow[]
  readonly options?: readonly OptionRow[]
  readonly examples: readonly string[]
  /** How its result looks in a table, and which attribute names it. */
  readonly view?: View
  /** True where `-o` has meant something else since long; the output format is then only `--output`. */
  readonly ownShortO?: boolean
  /** True when everything after the first argument belongs to another program. */
  readonly passesThrough?: boolean
  readonly commands?: readonly CommandRow[]
  run?(session: Session): Outcome | Promise<Outcome>
}
