/** The file of API tokens: read again whenever it changed, and refused as a whole when anything in it is wrong. */
import { readFile, stat } from 'node:fs/promises'
import { parseAs } from '@commissaire/models'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import { type Role, roles } from '../role.ts'

/** A token, as far as we know it. */
export interface ApiToken {
  readonly name: string
  /** The SHA-256 of the token. */
  readonly hash: Buffer
  readonly role: Role
  /** In milliseconds since 1970; infinite for one that is good for ever. */
  readonly expires: number
}

/** Strict, as a mistyped `expires` must not make a token that is good for ever. */
const Entry = z.strictObject({
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'must be the SHA-256 of the token, in 64 hexadecimal digits' }),
  role: z.enum(roles),
  expires: z.iso.datetime({ offset: true, error: 'must be a time like "2027-01-31T00:00:00Z"' }).optional(),
})
const Entries = z.record(z.string().min(1), Entry)

/** A file of tokens. */
export class TokenFile {
  readonly #path: string
  #stamp = ''
  #tokens: readonly ApiToken[] = []

  constructor(path: string) {
    this.#path = path
  }

  /** What is in it now. Rejects with a ConfigError that says what is wrong with it: then no token of it counts. */
  async read(): Promise<readonly ApiToken[]> {
    const stamp = await this.#stampNow()
    if (stamp === this.#stamp) return this.#tokens
    const tokens = tokensIn(await this.#text(), this.#path)
    this.#stamp = stamp
    this.#tokens = tokens
    return tokens
  }

  /** What differs when the file was written or replaced. Taken before it is read, so that no change is missed. */
  async #stampNow(): Promise<string> {
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
    // Of a text that is no JSON the parser would quote some.
    const reason = cause instanceof SyntaxError ? 'it is no JSON' : said(cause)
    const wanted = '{"name": {"hash": "…", "role": "…"}}, as "commctl token" makes it'
    throw wrongFile(path, `which does not list tokens as ${wanted}: ${reason}`)
  }
}

function unreadable(path: string, cause: unknown): ConfigError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : cause
  return wrongFile(path, `which cannot be read (${String(code)})`, { cause })
}

function wrongFile(path: string, what: string, options: ErrorOptions = {}): ConfigError {
  return new ConfigError([{ setting: 'filepath', text: `is "${path}", ${what}` }], options)
}

const said = (error: unknown) => (error instanceof Error ? error.message : String(error))
