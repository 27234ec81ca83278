/**
 * Writes down who changed what, from where, and what came of it: one line in the log for each request that changes
 * something, and for each that asks for what only an admin may see. Neither bodies nor queries nor headers are in it.
 */
import type { Logger } from '@commissaire/bus'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { pathOf } from '../http/problem.ts'
import { roleFor } from '../auth/route-roles.ts'

/** Watches everything that is registered on this app. */
export function audit(app: FastifyInstance, { log }: { log: Logger }): void {
  app.addHook('onResponse', async (request, { statusCode: status }) => {
    if (!isOfInterest(request)) return
    const { id, method, ip, identity, routeOptions } = request
    const who = { user: identity?.user ?? null, role: identity?.role ?? null }
    const what = { method, path: pathOf(request), route: routeOptions.url ?? null }
    log.info({ audit: true, id, ...who, ...what, ip, status, outcome: outcomeOf(request, status) }, 'Audit')
  })
}

function isOfInterest({ method, is404, routeOptions }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') return true
  return !is404 && !routeOptions.config.open && needsAdmin(method, routeOptions.url)
}

function needsAdmin(method: string, url: string | undefined): boolean {
  return url?.startsWith('/api/') === true && roleFor(method, url) === 'admin'
}

/** `denied`: nobody was logged in, or whoever was may not; `refused`: it could not be done like this; `failed`: our trouble. */
function outcomeOf({ identity }: FastifyRequest, status: number): string {
  if (status < 400) return 'done'
  if (status === 403 || (status === 429 && identity === null)) return 'denied'
  return status < 500 ? 'refused' : 'failed'
}
