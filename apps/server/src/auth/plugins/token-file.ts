/** Reads the file of API tokens. It is read again whenever it changes, and rejected as a whole when an entry is invalid. */
import { readFile, stat } from 'node:fs/promises'
import { parseAs } from '@commissaire/models'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import { type Role, roles } from '../role.ts'

/** An entry of the file: the hash of a token and what the token allows. */
export interface ApiToken {
  readonly name: string
  /** The SHA-256 of the token. */
  readonly hash: Buffer
  readonly role: Role
  /** In milliseconds since 1970; infinite for a token that never expires. */
  readonly expires: number
}

/** Strict, so that a mistyped `expires` does not make a token that never expires. */
const Entry = z.strictObject({
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'must be the SHA-256 of the token, in 64 hexadecimal digits' }),
  role: z.enum(roles),
  expires: z.iso.datetime({ offset: true, error: 'must be a time like "2027-01-31T00:00:00Z"' }).optional(),
})
const Entries = z.record(z.string().min(1), Entry)

/** A file of API tokens. */
export class TokenFile {
  readonly #path: string
  #stamp = ''
  #tokens: readonly ApiToken[] = []

  constructor(path: string) {
    this.#path = path
  }

  /** Returns the current tokens. Rejects with a ConfigError when the file is invalid; then no token is accepted. */
  async read(): Promise<readonly ApiToken[]> {
    const stamp = await this.#currentStamp()
    if (stamp === this.#stamp) return this.#tokens
    const tokens = tokensIn(await this.#text(), this.#path)
    this.#stamp = stamp
    this.#tokens = tokens
    return tokens
  }

  /** Identifies a version of the file. Taken before the file is read, so that no change is missed. */
  async #currentStamp(): Promise<string> {
    const { ino, size, mtimeNs, ctimeNs } = await stat(this.#path, { bigint: true }).catch(
      (cause: unknown) => {
        throw unreadable(this.#path, cause)
      },
    )
    return [ino, size, mtimeNs, ctimeNs].join(' ')
  }

  #text(): Promise<string> {
    return readFile(this.#path, 'utf8').catch((cause: unknown) => {
      throw unreadable(this.#path, cause)
    })
  }
}

function tokensIn(text: string, path: string): ApiToken[] {
  try {
    const entries = parseAs(Entries, JSON.parse(text), { name: 'it', secret: true })
    return Object.entries(entries).map(([name, { hash, role, expires }]) => ({
      name,
      hash: Buffer.from(hash, 'hex'),
      role,
      expires: expires === undefined ? Infinity : Date.parse(expires),
    }))
  } catch (cause) {
    // The message of a SyntaxError quotes the text, which may be a secret.
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : messageOf(cause)
    const expected = '{"name": {"hash": "…", "role": "…"}}, as "commctl token" makes it'
    throw fileError(path, `which does not list tokens as ${expected}: ${reason}`)
  }
}

function unreadable(path: string, cause: unknown): ConfigError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : cause
  return fileError(path, `which cannot be read (${String(code)})`, { cause })
}

function fileError(path: string, what: string, options: ErrorOptions = {}): ConfigError {
  return new ConfigError([{ setting: 'filepath', text: `is "${path}", ${what}` }], options)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
