/**
 * Authenticates programs by API tokens: `Authorization: Bearer ctk_…`, checked against hashes in a file.
 *
 * Option: `filepath`, a JSON file `{"name": {"hash": "…", "role": "operator", "expires": "…"}}`; `commctl token` makes its
 * entries. The file is read again whenever it changes. Nothing is cached, so a token that was removed from the file or
 * has expired is denied at once.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { bearerToken, isApiToken } from './bearer-token.ts'
import { readOptions } from './plugin-options.ts'
import { type ApiToken, TokenFile } from './token-file.ts'

const Options = z.object({ filepath: z.string().min(1) })

/** Opens the plugin. Throws a ConfigError when the file is invalid. */
export async function open(options: unknown, { log }: AuthenticatorTools): Promise<Authenticator> {
  const { filepath } = readOptions(Options, options, { plugin: 'apitokens' })
  const file = new TokenFile(filepath)
  const tokens = await file.read()
  log.info({ filepath, tokens: tokens.length }, 'API tokens were read')
  return new ApiTokens(file)
}

class ApiTokens implements Authenticator {
  readonly challenge = 'Bearer realm="commissaire"'
  readonly #file: TokenFile

  constructor(file: TokenFile) {
    this.#file = file
  }

  async authenticate({ headers: { authorization } }: Credentials): Promise<Identity | undefined> {
    const token = bearerToken(authorization)
    if (token === undefined || !isApiToken(token)) return undefined
    const hash = createHash('sha256').update(token).digest()
    const known = findToken(hash, await this.#file.read())
    return known && known.expires > Date.now() ? { user: known.name, role: known.role } : undefined
  }
}

/** Compares with every entry, so that the duration reveals nothing. */
function findToken(hash: Buffer, tokens: readonly ApiToken[]): ApiToken | undefined {
  let found: ApiToken | undefined
  for (const token of tokens) if (timingSafeEqual(hash, token.hash)) found = token
  return found
}
