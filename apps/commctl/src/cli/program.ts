/**
 * Creates the parser from the table. Global options are added at every level, so that `-o json` works before and after the
 * subcommand.
 */
import { Argument, Command, Option } from 'commander'
import type { CommandRow, ParsedInput, OptionRow } from './command.ts'
import { globalOptions } from './global-options.ts'
import { parsedInput } from './parsed-input.ts'
import { formats } from '../output/format.ts'
import { type LazyRow, loadRow, table } from './command-table.ts'
import { version } from '../version.ts'

/** Runs a row with what was typed. */
export type Invoke = (row: CommandRow, parsed: ParsedInput) => Promise<void>

const description = `Manages hosts and clusters through a Commissaire server.

Exit status: 0 done; 1 no server answered; 2 wrong usage, or the server refused; 3 what was watched failed, paused or was
cancelled; 4 no such object, with --strict; 5 something would block what was planned.`

const examples = [
  'commctl host create 192.0.2.10 ~/.ssh/id_ed25519',
  'commctl cluster create web',
  'commctl host join 192.0.2.10 web',
  'commctl cluster upgrade start web --watch',
  'commctl host list -o table',
]

/** The whole program. Rows are loaded when the parser comes to them. */
export function createProgram(invoke: Invoke): Command {
  const program = new Command('commctl')
    .description(description)
    .version(version(), '-V, --version', 'print the version')
    .enablePositionalOptions()
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .addHelpText('after', exampleText(examples))
  addEverywhere(program, false)
  for (const row of table) addLazy(program, row, invoke)
  return program
}

function addLazy(program: Command, lazy: LazyRow, invoke: Invoke): void {
  const command = program
    .command(lazy.name)
    .description(lazy.summary)
    .aliases(lazy.aliases ?? [])
  program.hook('preSubcommand', async (_program, chosen) => {
    if (chosen === command) fill(command, await loadRow(lazy), invoke)
  })
}

/** Gives a command what its row says. */
function fill(command: Command, row: CommandRow, invoke: Invoke): void {
  command.description(row.description ?? row.summary).summary(row.summary)
  for (const { name, text, optional = false, many = false, choices } of row.arguments ?? []) {
    const dots = many ? `${name}...` : name
    const argument = new Argument(optional ? `[${dots}]` : `<${dots}>`, text)
    command.addArgument(choices ? argument.choices(choices) : argument)
  }
  for (const option of row.options ?? []) command.addOption(optionOf(option))
  addEverywhere(command, row.ownShortO ?? false)
  if (row.examples.length > 0) command.addHelpText('after', exampleText(row.examples))
  if (row.passesThrough) command.passThroughOptions()
  if (row.run) command.action(() => invoke(row, parsedInput(command, row)))
  for (const sub of row.commands ?? []) fill(command.command(sub.name), sub, invoke)
}

function optionOf({ flags, text, repeats, suggests }: OptionRow): Option {
  const option = new Option(flags, suggests ? `${text} (${suggests.join(', ')})` : text)
  if (!repeats) return option
  return option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
}

function addEverywhere(command: Command, ownShortO: boolean): void {
  for (const row of globalOptions) {
    const option = optionOf(ownShortO ? { ...row, flags: row.flags.replace('-o, ', '') } : row)
    if (option.long === '--output') option.choices(formats).description = row.text
    command.addOption(option.helpGroup('Options of every command:'))
  }
}

function exampleText(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`
}
