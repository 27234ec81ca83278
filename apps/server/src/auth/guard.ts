/**
 * Stands at the door: every request is let in by an authenticator, goes to a path that needs none, or is denied.
 *
 * Denied is 403, as existing clients know it, with a `WWW-Authenticate` for those who read that. An address that was
 * denied too often has to wait; who is remembered gets in all the same.
 */
import type { Logger } from '@commissaire/bus'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pathOf, problem, sendProblem } from '../http/problem.ts'
import { roleFor } from './route-roles.ts'
import type { Admitted, Authentication } from './authentication.ts'
import type { Credentials } from './authenticator.ts'
import { Guesses } from './login-throttle.ts'
import { type Role, suffices } from './role.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends this; null on paths that need nobody. */
    identity: Admitted | null
  }
  interface FastifyContextConfig {
    /** True for what everybody may see. */
    open?: boolean
    /** The role it needs, where the table of roles does not say it. */
    role?: Role
  }
}

/** How often an address may fail before it has to wait. */
export interface FailureLimit {
  readonly max: number
  /** In milliseconds. */
  readonly window: number
}

interface GuardOptions {
  readonly authentication: Authentication
  readonly log: Logger
  /** Paths that authenticate themselves. */
  readonly selfAuths?: readonly string[]
  readonly failureLimit?: FailureLimit
}

type Limiter = ReturnType<FastifyInstance['createRateLimit']>

/** Puts the guard before everything that is registered on this app. */
export function guard(app: FastifyInstance, options: GuardOptions): void {
  const { authentication, log, selfAuths = [], failureLimit = { max: 20, window: 60_000 } } = options
  const guesses = new Guesses()
  let limiter: Limiter | undefined
  app.register(rateLimit, { global: false })
  app.after(() => {
    limiter = app.createRateLimit({ max: failureLimit.max, timeWindow: failureLimit.window })
  })
  app.decorateRequest('identity', null)
  app.addHook('onClose', () => authentication.close())
  app.addHook('onRequest', async (request, reply) => {
    const open = request.routeOptions.config.open || isSelfAuth(request, selfAuths)
    return open ? undefined : letIn(request, reply)
  })

  /** Resolves with the reply when that was sent: when the request is not let in. */
  async function letIn(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const credentials = { headers: request.headers, request }
    const known = authentication.recall(credentials)
    if (known) return welcome(known, request, reply)
    const failures = await limiter?.(request, { increment: false })
    if (!failures || failures.isAllowed) return decide(credentials, reply)
    const guess = { address: failures.key, credentials: authentication.shown(credentials) ?? '' }
    if (failures.remaining <= guesses.others(guess)) return tooMany(reply, failures.ttlInSeconds)
    return guesses.during(guess, () => decide(credentials, reply))
  }

  async function decide(credentials: Credentials, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const { identity, unsure } = await authentication.identify(credentials)
    return identity ? welcome(identity, credentials.request, reply) : deny(credentials, reply, { unsure })
  }

  function welcome(
    identity: Admitted,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply | undefined {
    request.identity = identity
    reply.headers(identity.headers ?? {})
    const needed = neededRole(request)
    return suffices(identity.role, needed) ? undefined : notAllowed(reply, { ...identity, needed })
  }

  async function deny(
    credentials: Credentials,
    reply: FastifyReply,
    { unsure }: { unsure: boolean },
  ): Promise<FastifyReply> {
    const { request } = credentials
    // Somebody who shows nothing guesses nothing.
    if (authentication.shown(credentials) !== undefined) {
      await limiter?.(request)
      const why = unsure ? 'the credentials could not be checked' : 'the credentials are wrong'
      log.warn({ ip: request.ip, path: pathOf(request), id: request.id }, `Denied: ${why}`)
    }
    if (unsure) return cannotTell(reply, request.id)
    if (authentication.challenges.length > 0) reply.header('www-authenticate', authentication.challenges)
    return sendProblem(reply, problem(403, 'Log in with credentials that this server knows.'))
  }
}

/** Where there is nothing, everybody who is let in may hear so. */
function neededRole({ is404, method, routeOptions }: FastifyRequest): Role {
  if (is404) return 'viewer'
  return routeOptions.config.role ?? roleFor(method, routeOptions.url)
}

function notAllowed(
  reply: FastifyReply,
  { user, role, needed }: { user: string; role: Role; needed: Role },
): FastifyReply {
  const detail = `This needs the role ${needed}; ${user} has the role ${role}.`
  return sendProblem(reply, { ...problem(403, detail), needed_role: needed })
}

function tooMany(reply: FastifyReply, seconds: number): FastifyReply {
  const wait = Math.max(1, seconds)
  reply.header('retry-after', wait)
  return sendProblem(reply, problem(429, `Too many failed logins from this address; wait ${wait} s.`))
}

/** Not "wrong": a client that is told so would throw good credentials away. */
function cannotTell(reply: FastifyReply, id: string): FastifyReply {
  const detail = 'Who you are cannot be checked at the moment, so nobody new is let in. Try again later.'
  return sendProblem(reply, { ...problem(503, detail), id })
}

function isSelfAuth(request: FastifyRequest, selfAuths: readonly string[]): boolean {
  return selfAuths.some((path) => withoutSlash(path) === withoutSlash(pathOf(request)))
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '')
}
