/** The parsed arguments and options of a command, by name. */
import type { Command } from 'commander'
import type { CommandRow, ParsedInput } from './command.ts'
import { textOf, textsOf } from '../client/json-value.ts'

/** Reads a parsed command. Options may stand before or after any word; the one nearest to the command counts. */
export function parsedInput(command: Command, row: CommandRow): ParsedInput {
  const options = merged(command)
  const argument = (name: string): unknown =>
    command.processedArgs[row.arguments?.findIndex((each) => each.name === name) ?? -1]
  return {
    one: (name) => textOf(argument(name)) ?? '',
    optional: (name) => textOf(argument(name)),
    many: (name) => textsOf(argument(name)),
    option: (name) => (typeof options[name] === 'string' ? options[name] : undefined),
    repeated: (name) => textsOf(options[name]),
    flag: (name) => options[name] === true,
  }
}

function merged(command: Command): Record<string, unknown> {
  const above = command.parent ? merged(command.parent) : {}
  return { ...above, ...command.opts() }
}
