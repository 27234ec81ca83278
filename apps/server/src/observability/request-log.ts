/**
 * The request log: one line for each request.
 *
 * A request that changes something, and a read that requires the role admin, is an audit line, which says who asked for
 * what, from which address, and with which outcome. Bodies, queries and headers are never logged.
 */
import type { Logger } from '@commissaire/bus'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pathOf } from '../http/problem.ts'
import { roleFor } from '../auth/route-roles.ts'

type Fields = Record<string, unknown>

/** Logs every request to this app when its response was sent. */
export function logRequests(app: FastifyInstance, { log }: { log: Logger }): void {
  app.addHook('onResponse', async (request, reply) => {
    const { denial } = request
    const [fields, sentence] = isAudited(request)
      ? [auditFields(request, reply), 'Audit']
      : [responseFields(request, reply), 'Answered']
    if (denial !== null) return log.warn(fields, `Denied: ${denial}`)
    // Probes come every few seconds and are of no interest in the log.
    return request.routeOptions.config.public ? log.debug(fields, sentence) : log.info(fields, sentence)
  })
}

function responseFields(request: FastifyRequest, reply: FastifyReply): Fields {
  const { id, method, ip, identity } = request
  const { statusCode: status, elapsedTime } = reply
  return { id, method, path: pathOf(request), status, ms: Math.round(elapsedTime), ip, user: identity?.user }
}

function auditFields(request: FastifyRequest, reply: FastifyReply): Fields {
  const { identity, routeOptions } = request
  const who = { user: identity?.user ?? null, role: identity?.role ?? null }
  const what = { route: routeOptions.url ?? null, outcome: outcomeOf(request, reply.statusCode) }
  return { audit: true, ...responseFields(request, reply), ...who, ...what }
}

function isAudited({ method, is404, routeOptions }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') return true
  return !is404 && !routeOptions.config.public && needsAdmin(method, routeOptions.url)
}

function needsAdmin(method: string, url: string | undefined): boolean {
  return url?.startsWith('/api/') === true && roleFor(method, url) === 'admin'
}

/** `denied`: not logged in, or the role does not suffice; `refused`: the request was wrong; `failed`: the server's fault. */
function outcomeOf({ identity }: FastifyRequest, status: number): string {
  if (status < 400) return 'done'
  if (status === 403 || (status === 429 && identity === null)) return 'denied'
  return status < 500 ? 'refused' : 'failed'
}
