/**
 * Lets people in by tokens of an OpenID Connect issuer: `Authorization: Bearer`, a JWT that is verified here with the
 * issuer's keys, which are found by discovery.
 *
 * Options: `issuer`, `audience` (one or a list), `role_claim` and `roles`, which turns its values into our roles,
 * `user_claim` (default `sub`), `clock_tolerance` in seconds, `ca`, `timeout`. Whoever has none of the roles gets in only
 * where the option `role` says as what. What cannot be verified lets nobody in.
 */
import { errors, jwtVerify, type JWTPayload } from 'jose'
import type { Logger } from '@commissaire/bus'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { bearerToken } from './bearer-token.ts'
import { IssuerKeys } from './issuer-keys.ts'
import { algorithms, isMeantFor } from './jwt.ts'
import { Peer, peerOptions, peerUrl } from './identity-provider.ts'
import { readOptions } from './plugin-options.ts'
import { type Role, roles, suffices } from '../role.ts'

/** How long a token that was right is believed, in milliseconds; never longer than it lives. */
const REMEMBER = 60_000

const Options = z.object({
  issuer: peerUrl,
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  user_claim: z.string().min(1).default('sub'),
  role_claim: z.string().min(1).optional(),
  roles: z.record(z.string(), z.enum(roles)).default({}),
  clock_tolerance: z.coerce.number().min(0).max(300).default(30),
  ...peerOptions,
})
type Settings = z.output<typeof Options>

/** Opens it. The issuer is not asked before somebody comes. */
export async function open(options: unknown, { log, role }: AuthenticatorTools): Promise<Authenticator> {
  const settings = readOptions(Options, options, { plugin: 'oidc' })
  const maps = settings.role_claim !== undefined && Object.keys(settings.roles).length > 0
  if (!maps && role === undefined) throw withoutRoles()
  const peer = new Peer('the issuer', { ...settings, url: settings.issuer }, { log })
  return new Oidc(settings, { peer, log, role })
}

class Oidc implements Authenticator {
  readonly challenge = 'Bearer realm="commissaire"'
  readonly #settings: Settings
  readonly #peer: Peer
  readonly #keys: IssuerKeys
  readonly #log: Logger
  readonly #role: Role | undefined

  constructor(settings: Settings, { peer, log, role }: { peer: Peer; log: Logger; role: Role | undefined }) {
    this.#settings = settings
    this.#peer = peer
    this.#keys = new IssuerKeys(settings.issuer, peer)
    this.#log = log
    this.#role = role
  }

  async authenticate({ headers: { authorization } }: Credentials): Promise<Identity | undefined> {
    const token = bearerToken(authorization)
    // What is not from this issuer is for other plugins, and no reason to ask it for keys.
    if (token === undefined || !isMeantFor(this.#settings.issuer, token)) return undefined
    try {
      return this.#identityIn(await this.#verified(token))
    } catch (error) {
      if (isOurTrouble(error)) throw error
      this.#refuse(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  async close(): Promise<void> {
    this.#peer.close()
  }

  async #verified(token: string): Promise<JWTPayload> {
    const { issuer, audience, clock_tolerance: clockTolerance } = this.#settings
    const { payload } = await jwtVerify(token, (header, jws) => this.#keys.find(header, jws), {
      issuer,
      audience,
      clockTolerance,
      algorithms: [...algorithms],
      requiredClaims: ['exp', 'sub'],
    })
    return payload
  }

  #identityIn(claims: JWTPayload): Identity | undefined {
    const { user_claim, role_claim = '', roles: names } = this.#settings
    const user = claimIn(claims, user_claim)
    if (typeof user !== 'string' || user === '') return this.#refuse(`it has no claim "${user_claim}"`)
    const role = highest([claimIn(claims, role_claim)].flat(), names) ?? this.#role
    if (role === undefined) return this.#refuse(`nothing in "${role_claim}" is a role here`, user)
    const left = Number(claims.exp) * 1000 - Date.now()
    return { user, role, rememberFor: Math.max(0, Math.min(REMEMBER, left)) }
  }

  #refuse(reason: string, user?: string): undefined {
    this.#log.info({ plugin: 'oidc', reason, user }, 'A token of the issuer lets nobody in')
  }
}

/** Whatever is not the token's fault: the issuer is down, or says what cannot be understood. */
function isOurTrouble(error: unknown): boolean {
  return !(error instanceof errors.JOSEError) || error instanceof errors.JWKSInvalid
}

/** By its whole name, as names may be URLs, or else step by step: `realm_access.roles`. */
function claimIn(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = Reflect.get(value, step)
  }
  return value
}

function highest(values: readonly unknown[], names: Readonly<Record<string, Role>>): Role | undefined {
  const given = values.flatMap((value) =>
    typeof value === 'string' && Object.hasOwn(names, value) ? (names[value] ?? []) : [],
  )
  return given.reduce<Role | undefined>(
    (best, role) => (best && suffices(best, role) ? best : role),
    undefined,
  )
}

function withoutRoles(): ConfigError {
  const text =
    'is missing: nobody would have a role. Give "role_claim" and "roles", like {"admins": "admin"}, or a "role" for all'
  return new ConfigError([{ setting: 'roles', text }])
}
