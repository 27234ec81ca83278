/** The table of commands, for whoever writes a manual or a completion of it. Programs start through `bin`. */
export type {
  ArgumentRow,
  CommandRow,
  Completes,
  Given,
  OptionRow,
  Outcome,
  Result,
  Session,
} from './cli/command.ts'
export { everywhere } from './cli/global-options.ts'
export { loadTable } from './cli/command-table.ts'
