/** `commctl token`: creates a token for a program, and the entry for the server's list of tokens. */
import type { CommandRow, Session } from '../cli/command.ts'
import { Failure } from '../cli/failure.ts'

const DAY = 86_400_000
const roles = ['viewer', 'operator', 'admin']

/** Makes a token and prints it, which happens once: nobody can find it out from the entry. */
export const token = {
  description:
    'Makes a token by which a program may use the server, and the entry that its file of tokens wants (plugin apitokens). The token is printed once and kept nowhere; of the entry nobody can find it out. Without -o the first line is the token, the second the entry. A program shows it as \'Authorization: Bearer TOKEN\'; commctl takes it from COMMCTL_TOKEN, or as "token" in its configuration.',
  arguments: [{ name: 'NAME', text: 'whose it is to be; what it does is logged under this name' }],
  options: [
    {
      flags: '-r, --role <ROLE>',
      text: 'what it may do: viewer, operator or admin (default: viewer)',
      suggests: roles,
    },
    { flags: '-d, --days <DAYS>', text: 'how many days it is good for; without it for ever' },
  ],
  examples: ['commctl token ci --role operator --days 90', "commctl token prometheus -o json | jq '.entry'"],
  run: async (session: Session) => {
    const name = nameOf(session)
    const kept = { role: roleOf(session), ...expiryOf(session) }
    const { createHash, randomBytes } = await import('node:crypto')
    const made = `ctk_${randomBytes(32).toString('base64url')}`
    const hash = createHash('sha256').update(made).digest('hex')
    const entry = { [name]: { hash, ...kept } }
    if (session.format !== 'text') return { found: true, value: { token: made, entry } }
    session.print(made)
    session.print(JSON.stringify(entry))
    return 0
  },
} satisfies Partial<CommandRow>

function nameOf({ parsed }: Session): string {
  const name = parsed.one('NAME')
  if (/^[\w.@-]{1,100}$/.test(name) && name !== '__proto__') return name
  throw new Failure(`"${name}" is no name for a token; it must be letters, digits, "_", "-", "." and "@".`)
}

function roleOf({ parsed }: Session): string {
  const role = parsed.option('role') ?? 'viewer'
  if (roles.includes(role)) return role
  throw new Failure(`--role is "${role}"; it must be ${roles.join(', ')}.`)
}

function expiryOf({ parsed }: Session): { expires?: string } {
  const days = parsed.option('days')
  if (days === undefined) return {}
  if (/^\d{1,5}$/.test(days) && Number(days) > 0)
    return { expires: new Date(Date.now() + Number(days) * DAY).toISOString() }
  throw new Failure(`--days is "${days}"; it must be a whole number from 1 to 99999.`)
}
