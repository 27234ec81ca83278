/** What the person typed, as the parser understood it: arguments and options by the names of their rows. */
import type { Command } from 'commander'
import type { CommandRow, Given } from './command.ts'
import { textOf, textsOf } from '../client/json-value.ts'

/** Reads a parsed command. Options may stand before or after any word; the one nearest to the command counts. */
export function givenBy(command: Command, row: CommandRow): Given {
  const options = merged(command)
  const argument = (name: string): unknown =>
    command.processedArgs[row.arguments?.findIndex((each) => each.name === name) ?? -1]
  return {
    one: (name) => textOf(argument(name)) ?? '',
    maybe: (name) => textOf(argument(name)),
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
