/**
 * Authenticates and authorizes every request before its route runs.
 *
 * A denied request is answered with 403, which existing clients expect, and with `WWW-Authenticate`. An address with too
 * many failed logins has to wait; cached credentials are accepted meanwhile.
 */
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pathOf, problem, sendProblem } from '../http/problem.ts'
import { roleFor } from './route-roles.ts'
import type { AuthenticatedIdentity, Authentication } from './authentication.ts'
import type { Credentials } from './authenticator.ts'
import { LoginThrottle } from './login-throttle.ts'
import { type Role, roleIncludes } from './role.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The authenticated user; null on routes without authentication. */
    identity: AuthenticatedIdentity | null
    /** Why the credentials of the request were not accepted; null when they were, or when it has none. */
    denial: string | null
  }
  interface FastifyContextConfig {
    /** True for a route that needs no authentication. */
    public?: boolean
    /** The role that the route requires, where the table of roles does not name it. */
    role?: Role
  }
}

/** How often an address may fail to log in before it has to wait. */
export interface FailureLimit {
  readonly max: number
  /** In milliseconds. */
  readonly window: number
}

interface GuardOptions {
  readonly authentication: Authentication
  /** Paths that authenticate themselves. */
  readonly selfAuths?: readonly string[]
  readonly failureLimit?: FailureLimit
}

type Limiter = ReturnType<FastifyInstance['createRateLimit']>

/** Guards everything that is registered on this app. */
export function guard(app: FastifyInstance, options: GuardOptions): void {
  const { authentication, selfAuths = [], failureLimit = { max: 20, window: 60_000 } } = options
  const throttle = new LoginThrottle()
  let limiter: Limiter | undefined
  app.register(rateLimit, { global: false })
  app.after(() => {
    limiter = app.createRateLimit({ max: failureLimit.max, timeWindow: failureLimit.window })
  })
  app.decorateRequest('identity', null)
  app.decorateRequest('denial', null)
  app.addHook('onClose', () => authentication.close())
  app.addHook('onRequest', async (request, reply) => {
    const isPublic = request.routeOptions.config.public || isSelfAuth(request, selfAuths)
    return isPublic ? undefined : check(request, reply)
  })

  /** Resolves with the reply when it was sent, that is, when the request is denied. */
  async function check(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const credentials = { headers: request.headers, request }
    const cached = authentication.cached(credentials)
    if (cached) return authorize(cached, request, reply)
    const failures = await limiter?.(request, { increment: false })
    if (!failures || failures.isAllowed) return authenticate(credentials, reply)
    const attempt = { address: failures.key, credentials: authentication.credentialKey(credentials) ?? '' }
    if (failures.remaining <= throttle.countOthers(attempt))
      return denyTooManyFailures(reply, failures.ttlInSeconds)
    return throttle.track(attempt, () => authenticate(credentials, reply))
  }

  async function authenticate(
    credentials: Credentials,
    reply: FastifyReply,
  ): Promise<FastifyReply | undefined> {
    const { identity, pluginFailed } = await authentication.authenticate(credentials)
    if (identity) return authorize(identity, credentials.request, reply)
    return deny(credentials, reply, { pluginFailed })
  }

  function authorize(
    identity: AuthenticatedIdentity,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply | undefined {
    request.identity = identity
    reply.headers(identity.headers ?? {})
    const required = requiredRole(request)
    return roleIncludes(identity.role, required) ? undefined : denyRole(reply, { ...identity, required })
  }

  async function deny(
    credentials: Credentials,
    reply: FastifyReply,
    { pluginFailed }: { pluginFailed: boolean },
  ): Promise<FastifyReply> {
    const { request } = credentials
    // A request without credentials is no attempt to guess some, so it does not count.
    if (authentication.credentialKey(credentials) !== undefined) {
      await limiter?.(request)
      request.denial = pluginFailed ? 'the credentials could not be checked' : 'the credentials are wrong'
    }
    if (pluginFailed) return denyUnchecked(reply, request.id)
    if (authentication.challenges.length > 0) reply.header('www-authenticate', authentication.challenges)
    return sendProblem(reply, problem(403, 'Log in with credentials that this server knows.'))
  }
}

/** Any authenticated user may learn that a path does not exist. */
function requiredRole({ is404, method, routeOptions }: FastifyRequest): Role {
  if (is404) return 'viewer'
  return routeOptions.config.role ?? roleFor(method, routeOptions.url)
}

function denyRole(
  reply: FastifyReply,
  { user, role, required }: { user: string; role: Role; required: Role },
): FastifyReply {
  const detail = `This needs the role ${required}; ${user} has the role ${role}.`
  return sendProblem(reply, { ...problem(403, detail), needed_role: required })
}

function denyTooManyFailures(reply: FastifyReply, seconds: number): FastifyReply {
  const wait = Math.max(1, seconds)
  reply.header('retry-after', wait)
  return sendProblem(reply, problem(429, `Too many failed logins from this address; wait ${wait} s.`))
}

/** Answers with 503 and not with 403, since a client might discard valid credentials after a 403. */
function denyUnchecked(reply: FastifyReply, id: string): FastifyReply {
  const detail = 'The credentials cannot be checked at the moment. Try again later.'
  return sendProblem(reply, { ...problem(503, detail), id })
}

function isSelfAuth(request: FastifyRequest, selfAuths: readonly string[]): boolean {
  return selfAuths.some((path) => withoutTrailingSlash(path) === withoutTrailingSlash(pathOf(request)))
}

function withoutTrailingSlash(path: string): string {
  return path.replace(/\/+$/, '')
}
