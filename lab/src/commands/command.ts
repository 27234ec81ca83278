/** What a command of the lab is, and the options that all of them understand. */

/** The options of the command line, as parsed. */
export interface CommandOptions {
  readonly subnet: string
  readonly dir?: string | undefined
  readonly family: readonly string[]
  readonly all: boolean
  readonly 'reboot-required': boolean
  readonly fails: boolean
  /** Aborted by ctrl-c. */
  readonly signal: AbortSignal
}

/** One command: how it is called, what it is for, and what it does. */
export interface Command {
  readonly usage: string
  readonly about: string
  readonly run: (words: readonly string[], options: CommandOptions) => Promise<void>
}

/** The lab that is meant, as `Lab.open` wants it. */
export function labMeant(options: CommandOptions): { subnet: string; dir?: string } {
  const { subnet, dir } = options
  return dir === undefined ? { subnet } : { subnet, dir }
}

/** Lines up the cells of a table, the first row being its head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}
