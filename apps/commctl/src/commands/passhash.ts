/** `commctl passhash`: a password's bcrypt hash, for the list of users of the server's basic authentication. */
import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import type { CommandRow, Session } from '../cli/command.ts'
import { Failure } from '../cli/failure.ts'

const DEFAULT_ROUNDS = '12'

/** Prints the hash of a password that is given, read from a file, or asked for. */
export const passhash = {
  description:
    "Turns a password into the hash that the server's list of users wants. Without -p and -f the password is asked for; " +
    'what is given with -p can be seen by others in the list of processes.',
  options: [
    { flags: '-p, --password <PASSWORD>', text: 'password to hash' },
    {
      flags: '-f, --file <FILE>',
      text: 'file with the password; - reads standard input',
      completes: 'files',
    },
    { flags: '-r, --rounds <ROUNDS>', text: 'logarithm of the work, 4 to 31 (default: 12)' },
  ],
  examples: ['commctl passhash', 'commctl passhash -f password.txt', 'pwgen -s 20 1 | commctl passhash -f -'],
  run: async (session: Session) => {
    const rounds = roundsOf(session)
    const password = await passwordOf(session)
    const { default: bcrypt } = await import('bcryptjs')
    if (bcrypt.truncates(password))
      session.tell('Only the first 72 bytes of this password count; bcrypt ignores the rest.')
    return { found: true, value: await bcrypt.hash(password, rounds) }
  },
} satisfies Partial<CommandRow>

function roundsOf({ parsed }: Session): number {
  const rounds = parsed.option('rounds') ?? DEFAULT_ROUNDS
  if (/^\d+$/.test(rounds) && Number(rounds) >= 4 && Number(rounds) <= 31) return Number(rounds)
  throw new Failure(`--rounds is "${rounds}"; it must be a whole number from 4 to 31.`)
}

async function passwordOf({ parsed, signal }: Session): Promise<string> {
  const password = parsed.option('password')
  if (password !== undefined) return password
  const file = parsed.option('file')
  if (file !== undefined) return firstOf(file === '-' ? await readAll(process.stdin) : await read(file))
  if (!process.stdin.isTTY)
    throw new Failure(
      'There is no terminal to ask on. Give the password with -f FILE, or -f - for standard input.',
    )
  const { ask } = await import('../cli/prompt.ts')
  return ask('Password: ', { hidden: true, signal })
}

/** The newline at the end of a file is the editor's, not the password's. */
const firstOf = (text: string): string => text.replace(/\r?\n$/, '')

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`The password file ${file} could not be read: ${why}`, { cause })
  }
}
