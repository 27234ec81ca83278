/** The options that every command has, for the parser, the completion and the manual. */
import type { OptionRow } from './command.ts'
import { formats } from '../output/format.ts'

/** Options that every command has. */
export const globalOptions: readonly OptionRow[] = [
  {
    flags: '-o, --output <FORMAT>',
    text: 'how to print the result; without it, text as scripts know it',
    suggests: formats,
  },
  {
    flags: '--config <FILE>',
    text: 'configuration to use instead of ~/.commissaire.json',
    completes: 'files',
  },
  { flags: '--strict', text: 'end with status 4, not 0, when there is no such object' },
  { flags: '--timeout <SECONDS>', text: 'how long to wait for each answer (default: 30)' },
]
