/**
 * Authenticates by user name and password: HTTP Basic, checked against hashes in a file or in the configuration.
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
import { RequestCoalescing } from '../request-coalescing.ts'
import { roles } from '../role.ts'

/** How long an accepted password is cached, in milliseconds. */
const CACHE_TIME = 60_000

const Users = z.record(
  z.string(),
  z.object({
    hash: z.string().refine(isPasswordHash, { error: `must be ${hashForms}` }),
    role: z.enum(roles).optional(),
  }),
)
type Users = z.infer<typeof Users>

const Options = z.object({ filepath: z.string().min(1).optional(), users: Users.optional() })

/** Opens the plugin. The file is read once, at start. */
export async function open(options: unknown): Promise<Authenticator> {
  const { filepath, users = {} } = readOptions(Options, options, { plugin: 'httpbasicauth' })
  const allUsers = filepath === undefined ? users : { ...users, ...(await readUsers(filepath)) }
  if (Object.keys(allUsers).length === 0) {
    throw new ConfigError(['httpbasicauth has no users; set "users", or "filepath" to a file with users'])
  }
  return new HttpBasicAuth(allUsers)
}

class HttpBasicAuth implements Authenticator {
  readonly challenge = 'Basic realm="commissaire", charset="UTF-8"'
  readonly #users: ReadonlyMap<string, Users[string]>
  readonly #decoyHash: string
  readonly #checks = new RequestCoalescing()
  readonly #passwords = new PasswordChecker()

  constructor(users: Users) {
    this.#users = new Map(Object.entries(users))
    this.#decoyHash = [...this.#users.values()][0]?.hash ?? ''
  }

  authenticate({ headers: { authorization } }: Credentials): Promise<Identity | undefined> {
    const credentials = basicCredentials(authorization)
    if (!credentials || authorization === undefined) return Promise.resolve(undefined)
    return this.#checks.run(authorization, () => this.#check(credentials))
  }

  close(): Promise<void> {
    return this.#passwords.close()
  }

  async #check({ user, password }: BasicCredentials): Promise<Identity | undefined> {
    const known = this.#users.get(user)
    // The check of an unknown user takes as long as that of a known one, so that the duration does not reveal user names.
    const matches = await this.#passwords.check(password, known?.hash ?? this.#decoyHash)
    if (!known || !matches) return undefined
    return { user, rememberFor: CACHE_TIME, ...(known.role && { role: known.role }) }
  }
}

async function readUsers(path: string): Promise<Users> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw fileError(path, `which cannot be read (${cause.code})`, { cause })
  })
  try {
    return parseAs(Users, JSON.parse(text), { name: 'it', secret: true })
  } catch (cause) {
    // The message of a SyntaxError quotes the text, which may be a secret.
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : messageOf(cause)
    throw fileError(path, `which does not list users as {"user": {"hash": "…"}}: ${reason}`)
  }
}

function fileError(path: string, what: string, options: ErrorOptions = {}): ConfigError {
  return new ConfigError([{ setting: 'filepath', text: `is "${path}", ${what}` }], options)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
