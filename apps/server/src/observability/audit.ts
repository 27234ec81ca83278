/**
 * The audit log: one line for each request that changes something, and for each read that requires the role admin. It
 * says who asked for what, from which address, and with which outcome. Bodies, queries and headers are never logged.
 */
import type { Logger } from '@commissaire/bus'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { pathOf } from '../http/problem.ts'
import { roleFor } from '../auth/route-roles.ts'

/** Audits every request to this app. */
export function audit(app: FastifyInstance, { log }: { log: Logger }): void {
  app.addHook('onResponse', async (request, { statusCode: status }) => {
    if (!isAudited(request)) return
    const { id, method, ip, identity, routeOptions } = request
    const who = { user: identity?.user ?? null, role: identity?.role ?? null }
    const what = { method, path: pathOf(request), route: routeOptions.url ?? null }
    log.info({ audit: true, id, ...who, ...what, ip, status, outcome: outcomeOf(request, status) }, 'Audit')
  })
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
