/**
 * Lets people in by name and password: HTTP Basic, checked against hashes in a file or in the configuration.
 *
 * Options: `filepath`, a JSON file `{"user": {"hash": "$2b$12$…", "role": "viewer"}}`, or `users`, the same as an object.
 */
import { readFile } from 'node:fs/promises'
import { parseAs } from '@commissaire/models'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import type { Authenticator, Credentials, Identity } from '../authenticator.ts'
import { type BasicCredentials, basicCredentials } from './basic-credentials.ts'
import { hashForms, isPasswordHash, PasswordChecker } from '../password-hash.ts'
import { readOptions } from './plugin-options.ts'
import { Questions } from '../request-coalescing.ts'
import { roles } from '../role.ts'

/** How long a password that was right is believed, in milliseconds. */
const REMEMBER = 60_000

const Users = z.record(
  z.string(),
  z.object({
    hash: z.string().refine(isPasswordHash, { error: `must be ${hashForms}` }),
    role: z.enum(roles).optional(),
  }),
)
type Users = z.infer<typeof Users>

const Options = z.object({ filepath: z.string().min(1).optional(), users: Users.optional() })

/** Opens it; reads the file once, at the start. */
export async function open(options: unknown): Promise<Authenticator> {
  const { filepath, users = {} } = readOptions(Options, options, { plugin: 'httpbasicauth' })
  const everybody = filepath === undefined ? users : { ...users, ...(await readUsers(filepath)) }
  if (Object.keys(everybody).length === 0) {
    throw new ConfigError(['httpbasicauth: nobody could log in; give "users" or a "filepath" with users'])
  }
  return new HttpBasicAuth(everybody)
}

class HttpBasicAuth implements Authenticator {
  readonly challenge = 'Basic realm="commissaire", charset="UTF-8"'
  readonly #users: ReadonlyMap<string, Users[string]>
  readonly #decoy: string
  readonly #questions = new Questions()
  readonly #passwords = new PasswordChecker()

  constructor(users: Users) {
    this.#users = new Map(Object.entries(users))
    this.#decoy = [...this.#users.values()][0]?.hash ?? ''
  }

  authenticate({ headers: { authorization } }: Credentials): Promise<Identity | undefined> {
    const given = basicCredentials(authorization)
    if (!given || authorization === undefined) return Promise.resolve(undefined)
    return this.#questions.ask(authorization, () => this.#check(given))
  }

  close(): Promise<void> {
    return this.#passwords.close()
  }

  async #check(given: BasicCredentials): Promise<Identity | undefined> {
    const known = this.#users.get(given.user)
    // Somebody unknown takes as long as somebody known, so that names cannot be told apart by the clock.
    const right = await this.#passwords.check(given.password, known?.hash ?? this.#decoy)
    if (!known || !right) return undefined
    return { user: given.user, rememberFor: REMEMBER, ...(known.role && { role: known.role }) }
  }
}

async function readUsers(path: string): Promise<Users> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw wrongFile(path, `which cannot be read (${cause.code})`, { cause })
  })
  try {
    return parseAs(Users, JSON.parse(text), { name: 'it', secret: true })
  } catch (cause) {
    // Of a text that is no JSON the parser would quote some.
    const reason = cause instanceof SyntaxError ? 'it is no JSON' : said(cause)
    throw wrongFile(path, `which does not list users as {"user": {"hash": "…"}}: ${reason}`)
  }
}

function wrongFile(path: string, what: string, options: ErrorOptions = {}): ConfigError {
  return new ConfigError([{ setting: 'filepath', text: `is "${path}", ${what}` }], options)
}

const said = (error: unknown) => (error instanceof Error ? error.message : String(error))
