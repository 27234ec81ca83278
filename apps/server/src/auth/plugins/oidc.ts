/**
 * Authenticates by tokens of an OpenID Connect issuer: `Authorization: Bearer` with a JWT, verified with the issuer's
 * keys, which are found by discovery.
 *
 * Options: `issuer`, `audience` (one or a list), `role_claim` and `roles`, which maps its values to roles, `user_claim`
 * (default `sub`), `clock_tolerance` in seconds, `ca`, `timeout`. A user with none of the roles is denied, unless the
 * option `role` gives a default. A token that cannot be verified is denied.
 */
import { errors, jwtVerify, type JWTPayload } from 'jose'
import type { Logger } from '@commissaire/bus'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { bearerToken } from './bearer-token.ts'
import { IssuerKeys } from './issuer-keys.ts'
import { algorithms, isIssuedBy } from './jwt.ts'
import { IdentityProviderClient, providerOptions, providerUrl } from './identity-provider.ts'
import { readOptions } from './plugin-options.ts'
import { type Role, roles, roleIncludes } from '../role.ts'

/** How long an accepted token is cached, in milliseconds; at most until it expires. */
const CACHE_TIME = 60_000

const Options = z.object({
  issuer: providerUrl,
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  user_claim: z.string().min(1).default('sub'),
  role_claim: z.string().min(1).optional(),
  roles: z.record(z.string(), z.enum(roles)).default({}),
  clock_tolerance: z.coerce.number().min(0).max(300).default(30),
  ...providerOptions,
})
type Settings = z.output<typeof Options>

/** Opens the plugin. The issuer is first asked when a user logs in. */
export async function open(options: unknown, { log, role }: AuthenticatorTools): Promise<Authenticator> {
  const settings = readOptions(Options, options, { plugin: 'oidc' })
  const maps = settings.role_claim !== undefined && Object.keys(settings.roles).length > 0
  if (!maps && role === undefined) throw missingRoles()
  const client = new IdentityProviderClient('the issuer', { ...settings, url: settings.issuer }, { log })
  return new Oidc(settings, { client, log, role })
}

class Oidc implements Authenticator {
  readonly challenge = 'Bearer realm="commissaire"'
  readonly #settings: Settings
  readonly #client: IdentityProviderClient
  readonly #keys: IssuerKeys
  readonly #log: Logger
  readonly #role: Role | undefined

  constructor(
    settings: Settings,
    { client, log, role }: { client: IdentityProviderClient; log: Logger; role: Role | undefined },
  ) {
    this.#settings = settings
    this.#client = client
    this.#keys = new IssuerKeys(settings.issuer, client)
    this.#log = log
    this.#role = role
  }

  async authenticate({ headers: { authorization } }: Credentials): Promise<Identity | undefined> {
    const token = bearerToken(authorization)
    // Tokens of other issuers are left to other plugins and must not cause a request for keys.
    if (token === undefined || !isIssuedBy(this.#settings.issuer, token)) return undefined
    try {
      return this.#identityFrom(await this.#verified(token))
    } catch (error) {
      if (isProviderFailure(error)) throw error
      this.#refuse(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  async close(): Promise<void> {
    this.#client.close()
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

  #identityFrom(claims: JWTPayload): Identity | undefined {
    const { user_claim, role_claim = '', roles: names } = this.#settings
    const user = claimValue(claims, user_claim)
    if (typeof user !== 'string' || user === '') return this.#refuse(`it has no claim "${user_claim}"`)
    const role = highestRole([claimValue(claims, role_claim)].flat(), names) ?? this.#role
    if (role === undefined) return this.#refuse(`nothing in "${role_claim}" is a role here`, user)
    const left = Number(claims.exp) * 1000 - Date.now()
    return { user, role, rememberFor: Math.max(0, Math.min(CACHE_TIME, left)) }
  }

  #refuse(reason: string, user?: string): undefined {
    this.#log.info({ plugin: 'oidc', reason, user }, 'A token of the issuer was denied')
  }
}

/** Returns whether the issuer is at fault and not the token: it is unreachable, or its response is invalid. */
function isProviderFailure(error: unknown): boolean {
  return !(error instanceof errors.JOSEError) || error instanceof errors.JWKSInvalid
}

/** Looks up the complete name first, since names may be URLs, and then as a path such as `realm_access.roles`. */
function claimValue(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = Reflect.get(value, step)
  }
  return value
}

function highestRole(values: readonly unknown[], names: Readonly<Record<string, Role>>): Role | undefined {
  const given = values.flatMap((value) =>
    typeof value === 'string' && Object.hasOwn(names, value) ? (names[value] ?? []) : [],
  )
  return given.reduce<Role | undefined>(
    (best, role) => (best && roleIncludes(best, role) ? best : role),
    undefined,
  )
}

function missingRoles(): ConfigError {
  const text =
    'is missing, so no user would have a role; set "role_claim" and "roles", such as {"admins": "admin"}, or "role" for all'
  return new ConfigError([{ setting: 'roles', text }])
}
