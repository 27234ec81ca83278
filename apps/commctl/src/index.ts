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
} from './command.ts'
export { everywhere } from './everywhere.ts'
export { loadTable } from './table.ts'
