/**
 * The role that each route requires. A route that is missing in this table requires `admin`, so that a forgotten one is
 * closed rather than open. A test compares the table with the OpenAPI document.
 */
import type { Role } from './role.ts'

const table: Readonly<Record<Role, readonly string[]>> = {
  // Reads. Routes whose responses contain secrets are not among these.
  viewer: [
    'GET /clusters',
    'GET /cluster/:name',
    'GET /cluster/:name/hosts',
    'GET /cluster/:name/hosts/:host',
    'GET /cluster/:name/upgrade',
    'GET /cluster/:name/restart',
    'GET /cluster/:name/deploy',
    'GET /hosts',
    'GET /host/:address',
    'GET /host/:address/status',
    'GET /networks',
    'GET /network/:name',
    'GET /containermanagers',
    'GET /containermanager/:name',
    'GET /operations',
    'GET /operations/:id',
    'GET /operations/:id/hosts/:address',
    'GET /schedules',
    'GET /schedule/:name',
    'GET /events',
    'GET /bus/services',
    'GET /metrics',
  ],
  // Everyday work. Plans change nothing, but they log in to hosts.
  operator: [
    'PUT /cluster/:name',
    'DELETE /cluster/:name',
    'PUT /cluster/:name/hosts',
    'PUT /cluster/:name/hosts/:host',
    'DELETE /cluster/:name/hosts/:host',
    'PUT /cluster/:name/upgrade',
    'PUT /cluster/:name/restart',
    'PUT /cluster/:name/deploy',
    'PUT /host',
    'PUT /host/:address',
    'DELETE /host/:address',
    'GET /host/:address/plan',
    'PUT /network/:name',
    'DELETE /network/:name',
    'POST /operations',
    'POST /operations/plan',
    'PUT /operations/:id/pause',
    'PUT /operations/:id/resume',
    'PUT /operations/:id/cancel',
    'PUT /operations/:id/retry',
    'PUT /operations/:id/skip',
    'PUT /operations/:id/release',
    'PUT /operations/:id/concurrency',
    'PUT /schedule/:name',
    'DELETE /schedule/:name',
  ],
  // Secrets, and calls that bypass the checks of other routes.
  admin: [
    'GET /host/:address/creds',
    'PUT /containermanager/:name',
    'DELETE /containermanager/:name',
    'POST /bus/call',
    'GET /bus/dead/:queue',
    'GET /bus/dead/:queue/:id',
    'DELETE /bus/dead/:queue/:id',
    'POST /bus/dead/:queue/:id/retry',
  ],
}

const requiredRoles = new Map<string, Role>([
  ...table.viewer.map((route) => [route, 'viewer'] as const),
  ...table.operator.map((route) => [route, 'operator'] as const),
  ...table.admin.map((route) => [route, 'admin'] as const),
])

/** All routes with an entry, such as `GET /host/:address`. */
export const routesWithRole: readonly string[] = [...requiredRoles.keys()]

/** Returns the role that a route requires, by its method and its path pattern. */
export function roleFor(method: string, url = ''): Role {
  const verb = method === 'HEAD' ? 'GET' : method
  return requiredRoles.get(`${verb} ${url.replace(/^\/api\/v0(?=\/)/, '')}`) ?? 'admin'
}
