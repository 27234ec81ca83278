/**
 * The lab's command line: `npm run lab -- up 3`, `list`, `down` and so on. Each command is a file in `commands/`.
 *
 * Ends with 2 when no lab is possible here, with 1 when something went wrong.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { down } from './commands/down.ts'
import { fault } from './commands/fault.ts'
import { list } from './commands/list.ts'
import { publish } from './commands/publish.ts'
import { up } from './commands/up.ts'
import { LabError } from './errors.ts'
import type { Command } from './commands/command.ts'

const commands: Record<string, Command> = { up, list, down, publish, fault }

const flags = {
  subnet: { type: 'string', default: '10.77.0.0/24' },
  dir: { type: 'string' },
  family: { type: 'string', multiple: true, default: [] },
  all: { type: 'boolean', default: false },
  'reboot-required': { type: 'boolean', default: false },
  fails: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsConfig['options']

const help = `Real test hosts on this machine: each boots its own systemd and sshd.

Usage: npm run lab -- COMMAND

${Object.values(commands)
  .map(({ usage, about }) => `  ${usage.padEnd(39)}${about}`)
  .join('\n')}

Options:
  --subnet 10.77.0.0/24   which lab is meant; several may stand side by side
  --dir FOLDER            where labs are kept (/var/lib/commissaire-lab)
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: flags, allowPositionals: true })
  const [name = 'help', ...words] = positionals
  const command = commands[name]
  if (values.help || name === 'help') {
    process.stdout.write(help)
    return
  }
  if (!command) throw new TypeError(`There is no command "${name}"; try: npm run lab -- --help`)
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
  await command.run(words, { ...values, signal: interrupted.signal })
}

try {
  await main()
} catch (error) {
  process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`)
  const impossible = error instanceof LabError && error.code === 'not_possible_here'
  process.exitCode = impossible ? 2 : 1
}
