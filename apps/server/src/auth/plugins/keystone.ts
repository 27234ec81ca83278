/**
 * What the two Keystone plugins have in common: the address of its tokens (Identity API v3), and what an answer says
 * about a person.
 */
import { z } from 'zod'
import type { Identity } from '../authenticator.ts'
import type { PeerAnswer } from './identity-provider.ts'

/** How long a password or a token that was right is believed, in milliseconds; never longer than the token lives. */
const REMEMBER = 60_000

const Told = z.object({
  token: z.object({ user: z.object({ name: z.string().min(1) }), expires_at: z.string().nullish() }),
})

const Refusal = z.object({ error: z.object({ code: z.literal(404) }) })

/** The address of tokens: `http://keystone:5000`, with or without `/v3` or all of the path. */
export function tokensUrl(url: string): string {
  const plain = url.replace(/\/+$/, '')
  if (plain.endsWith('/auth/tokens')) return plain
  return plain.endsWith('/v3') ? `${plain}/auth/tokens` : `${plain}/v3/auth/tokens`
}

/**
 * Who it is by Keystone's answer; undefined when Keystone does not know them. Throws for an answer that says neither:
 * then nobody is let in, and the log has it.
 */
export function identityIn({ status, header, json }: PeerAnswer): Identity | undefined {
  // An unknown token is Keystone's own 404; another one comes from a wrong address.
  if (status === 401 || status === 403 || (status === 404 && Refusal.safeParse(json).success))
    return undefined
  const token = header('x-subject-token')
  const told = Told.safeParse(json)
  if ((status !== 200 && status !== 201) || token === undefined || !told.success) {
    throw new Error(`Keystone answered ${status} with nothing that says who it is; is "url" its address?`)
  }
  const { user, expires_at } = told.data.token
  const left = expires_at ? Date.parse(expires_at) - Date.now() : REMEMBER
  if (left <= 0) return undefined
  return {
    user: user.name,
    rememberFor: Number.isNaN(left) ? 0 : Math.min(REMEMBER, left),
    headers: { 'x-subject-token': token },
  }
}
