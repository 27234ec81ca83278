/** Exports the table of commands, for manuals and completions. The program starts through `bin`. */
export type {
  ArgumentRow,
  CommandRow,
  Completes,
  ParsedInput,
  OptionRow,
  Outcome,
  Result,
  Session,
} from './cli/command.ts'
export { globalOptions } from './cli/global-options.ts'
export { loadTable } from './cli/command-table.ts'
