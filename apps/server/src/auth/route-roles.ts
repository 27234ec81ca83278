/**
 * Which role each route needs: the one place where that is said. A route that is not here needs `admin`, so that one that
 * was forgotten is closed and not open; a test holds this table to the document of the API.
 */
import type { Role } from '../auth/role.ts'

const table: Readonly<Record<Role, readonly string[]>> = {
  // Reads. What is secret is either blanked in the answer, or the route is not among these.
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
  // Work. Plans change nothing, but log in to hosts.
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
  // Secrets, and what goes past everything else.
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

const needed = new Map<string, Role>([
  ...table.viewer.map((route) => [route, 'viewer'] as const),
  ...table.operator.map((route) => [route, 'operator'] as const),
  ...table.admin.map((route) => [route, 'admin'] as const),
])

/** Every route that has an entry, as `GET /host/:address`. */
export const routesWithRole: readonly string[] = [...needed.keys()]

/** The role that a route needs, by its method and its pattern. */
export function roleFor(method: string, url = ''): Role {
  const verb = method === 'HEAD' ? 'GET' : method
  return needed.get(`${verb} ${url.replace(/^\/api\/v0(?=\/)/, '')}`) ?? 'admin'
}
