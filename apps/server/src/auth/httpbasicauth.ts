/**
 * Lets people in by name and password: HTTP Basic, checked against hashes in a file or in the configuration.
 *
 * Options: `filepath`, a JSON file `{"user": {"hash": "$2b$12$…"}}`, or `users`, the same as an object.
 */
import { readFile } from 'node:fs/promises'
import { parseAs } from '@commissaire/models'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import type { Authenticator, Credentials, Identity } from './authenticator.ts'
import { type BasicCredentials, basicCredentials } from './basic-credentials.ts'
import { hashForms, isPasswordHash, PasswordChecker } from './password-hash.ts'

/** How long a password that was right is believed, in milliseconds. */
const REMEMBER = 60_000

const Users = z.record(
  z.string(),
  z.object({ hash: z.string().refine(isPasswordHash, { error: `must be ${hashForms}` }) }),
)
type Users = z.infer<typeof Users>

const Options = z.strictObject({ filepath: z.string().min(1).optional(), users: Users.optional() })

/** Opens it; reads the file once, at the start. */
export async function open(options: unknown): Promise<Authenticator> {
  const { filepath, users = {} } = readOptions(options)
  const everybody = filepath === undefined ? users : { ...users, ...(await readUsers(filepath)) }
  if (Object.keys(everybody).length === 0) {
    throw new ConfigError(['httpbasicauth: nobody could log in; give "users" or a "filepath" with users'])
  }
  return new HttpBasicAuth(everybody)
}

class HttpBasicAuth implements Authenticator {
  readonly challenge = 'Basic realm="commissaire", charset="UTF-8"'
  readonly #users: ReadonlyMap<string, string>
  readonly #decoy: string
  readonly #questions = new Map<string, Promise<Identity | undefined>>()
  readonly #passwords = new PasswordChecker()

  constructor(users: Users) {
    this.#users = new Map(Object.entries(users).map(([user, { hash }]) => [user, hash]))
    this.#decoy = [...this.#users.values()][0] ?? ''
  }

  /** The same header at the same time is one question. */
  authenticate({ headers: { authorization } }: Credentials): Promise<Identity | undefined> {
    const given = basicCredentials(authorization)
    if (!given || authorization === undefined) return Promise.resolve(undefined)
    const asked = this.#questions.get(authorization)
    if (asked) return asked
    const question = this.#check(given).finally(() => this.#questions.delete(authorization))
    this.#questions.set(authorization, question)
    return question
  }

  close(): Promise<void> {
    return this.#passwords.close()
  }

  async #check(given: BasicCredentials): Promise<Identity | undefined> {
    const hash = this.#users.get(given.user)
    // Somebody unknown takes as long as somebody known, so that names cannot be told apart by the clock.
    const right = await this.#passwords.check(given.password, hash ?? this.#decoy)
    return hash !== undefined && right ? { user: given.user, rememberFor: REMEMBER } : undefined
  }
}

function readOptions(options: unknown): z.infer<typeof Options> {
  try {
    return parseAs(Options, options, { name: 'httpbasicauth', secret: true })
  } catch (cause) {
    throw new ConfigError([cause instanceof Error ? cause.message : String(cause)], { cause })
  }
}

async function readUsers(path: string): Promise<Users> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError([`httpbasicauth: cannot read the file of users ${path} (${cause.code})`], { cause })
  })
  try {
    return parseAs(Users, JSON.parse(text), { name: path, secret: true })
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? `${path} is no JSON` : String(cause)
    throw new ConfigError([`httpbasicauth: ${reason}; expected {"user": {"hash": "…"}}`])
  }
}
