/**
 * Lets programs in by tokens of our own: `Authorization: Bearer ctk_…`, checked against hashes in a file.
 *
 * Option: `filepath`, a JSON file `{"name": {"hash": "…", "role": "operator", "expires": "…"}}`, entries of which
 * `commctl token` makes. It is read again whenever it changed. Nothing is remembered, so that a token that was taken out
 * of the file, or is past its time, is good for nothing from that moment on.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { bearerToken, isApiToken } from './bearer-token.ts'
import { readOptions } from './plugin-options.ts'
import { type ApiToken, TokenFile } from './token-file.ts'

const Options = z.object({ filepath: z.string().min(1) })

/** Opens it; a file that is not as it must be is a fault of the configuration. */
export async function open(options: unknown, { log }: AuthenticatorTools): Promise<Authenticator> {
  const { filepath } = readOptions(Options, options, { plugin: 'apitokens' })
  const file = new TokenFile(filepath)
  const tokens = await file.read()
  log.info({ filepath, tokens: tokens.length }, 'The API tokens are read')
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
    const shown = createHash('sha256').update(token).digest()
    const known = sameAs(shown, await this.#file.read())
    return known && known.expires > Date.now() ? { user: known.name, role: known.role } : undefined
  }
}

/** Looks at every entry, so that the time it takes says nothing. */
function sameAs(shown: Buffer, tokens: readonly ApiToken[]): ApiToken | undefined {
  let same: ApiToken | undefined
  for (const token of tokens) if (timingSafeEqual(shown, token.hash)) same = token
  return same
}
