/**
 * What the two Keystone plugins share: the URL of tokens in the Identity API v3, and reading the user from a response.
 */
import { z } from 'zod'
import type { Identity } from '../authenticator.ts'
import type { ProviderResponse } from './identity-provider.ts'

/** How long an accepted password or token is cached, in milliseconds; at most until the token expires. */
const CACHE_TIME = 60_000

const TokenResponse = z.object({
  token: z.object({ user: z.object({ name: z.string().min(1) }), expires_at: z.string().nullish() }),
})

const UnknownTokenResponse = z.object({ error: z.object({ code: z.literal(404) }) })

/** Returns the URL of tokens. The given URL may end with the host, with `/v3`, or with the complete path. */
export function tokensUrl(url: string): string {
  const plain = url.replace(/\/+$/, '')
  if (plain.endsWith('/auth/tokens')) return plain
  return plain.endsWith('/v3') ? `${plain}/auth/tokens` : `${plain}/v3/auth/tokens`
}

/** Returns the user in Keystone's response; undefined when Keystone rejects the credentials. Throws for any other response. */
export function identityFrom({ status, header, json }: ProviderResponse): Identity | undefined {
  // For an unknown token Keystone answers 404 with a body of its own; any other 404 comes from a wrong address.
  if (status === 401 || status === 403 || (status === 404 && UnknownTokenResponse.safeParse(json).success))
    return undefined
  const token = header('x-subject-token')
  const parsed = TokenResponse.safeParse(json)
  if ((status !== 200 && status !== 201) || token === undefined || !parsed.success) {
    throw new Error(`Keystone answered ${status} without a user; check that "url" is its address`)
  }
  const { user, expires_at } = parsed.data.token
  const left = expires_at ? Date.parse(expires_at) - Date.now() : CACHE_TIME
  if (left <= 0) return undefined
  return {
    user: user.name,
    rememberFor: Number.isNaN(left) ? 0 : Math.min(CACHE_TIME, left),
    headers: { 'x-subject-token': token },
  }
}
