/** What viewers, operators and admins may do: every route of the document, asked by each of them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Authentication, openAuthentication } from '../../src/auth/authentication.ts'
import { openAuthenticators } from '../../src/auth/plugin-loader.ts'
import { type Role, roles, roleIncludes } from '../../src/auth/role.ts'
import { roleFor, routesWithRole } from '../../src/auth/route-roles.ts'
import { basic, openWorld, operator, recordingLog, type World } from '../world.ts'

const { hash } = operator
const { log } = recordingLog()

let world: World
let documented: { method: string; url: string; open: boolean }[]

beforeAll(async () => {
  const users = {
    viewer: { hash, role: 'viewer' },
    operator: { hash, role: 'operator' },
    admin: { hash, role: 'admin' },
    old: { hash },
  }
  world = await openWorld({ auth: await openAuthentication([{ name: 'httpbasicauth', users }], { log }) })
  await world.app.ready()
  const { paths } = (await world.app.inject('/openapi.json')).json<{
    paths: Record<string, Record<string, { security?: object[] }>>
  }>()
  documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      open: security?.length === 0,
    })),
  )
})

afterAll(() => world[Symbol.asyncDispose]())

const ask = (user: string, method: string, url: string) =>
  world.app.inject({ method: method as 'GET', url, headers: basic(user, operator.password) })

test('every route of the document has an entry in the table of roles, and every entry has a route', () => {
  const guarded = documented.filter(({ open }) => !open)
  const routes = guarded.map(({ method, url }) => `${method} ${url.replace('/api/v0', '')}`)
  expect(routes.sort()).toEqual([...routesWithRole].sort())
})

test.each(roles)('whoever has the role %s is refused by just those routes that need more', async (role) => {
  for (const { method, url, open } of documented) {
    if (url === '/api/v0/events') continue
    const answer = await ask(role, method, url.replaceAll(/:\w+/g, 'x'))
    const needed = open ? 'viewer' : roleFor(method, url)
    const refused = answer.statusCode === 403
    expect([method, url, refused]).toEqual([method, url, !roleIncludes(role, needed)])
    if (!refused) continue
    const detail = `This needs the role ${needed}; ${role} has the role ${role}.`
    expect(answer.json()).toMatchObject({ title: 'Forbidden', status: 403, detail, needed_role: needed })
  }
})

test('nobody but an admin reads credentials, also with HEAD, a slash or an escape in the path', async () => {
  for (const user of ['viewer', 'operator']) {
    for (const url of ['/api/v0/host/x/creds', '/api/v0/host/x/creds/', '/api/v0/host/x/%63reds'])
      expect((await ask(user, 'GET', url)).statusCode).toBe(403)
    expect((await ask(user, 'HEAD', '/api/v0/host/x/creds')).statusCode).toBe(403)
  }
  expect((await ask('admin', 'GET', '/api/v0/host/x/creds')).statusCode).toBe(404)
})

test('a viewer may send HEAD wherever GET is allowed', async () => {
  expect((await ask('viewer', 'HEAD', '/api/v0/clusters')).statusCode).toBe(200)
})

test('a viewer hears of what is not there, and of methods that a path does not know', async () => {
  expect((await ask('viewer', 'GET', '/api/v0/nothing')).statusCode).toBe(404)
  expect((await ask('viewer', 'DELETE', '/api/v0/clusters')).statusCode).toBe(405)
})

test('a route without an entry needs an admin', () => {
  expect(roleFor('GET', '/api/v0/forgotten')).toBe('admin')
  expect(roleFor('GET', undefined)).toBe('admin')
})

test('a user of whom no role is said may do everything, as of old', async () => {
  expect((await ask('old', 'GET', '/api/v0/bus/dead/x')).statusCode).not.toBe(403)
})

async function identityOf(plugin: { name: string; [option: string]: unknown }) {
  const auth = new Authentication(await openAuthenticators([plugin], { log }), { log })
  const headers = basic('a', operator.password)
  const { identity } = await auth.authenticate({ headers, request: {} as never })
  await auth.close()
  return identity
}

test("a plugin's option says the role of those whose own is not said", async () => {
  const plugin = (user: object) => ({
    name: 'httpbasicauth',
    role: 'viewer',
    users: { a: { hash, ...user } },
  })
  expect(await identityOf(plugin({}))).toMatchObject({ user: 'a', role: 'viewer' })
  expect(await identityOf(plugin({ role: 'operator' }))).toMatchObject({ role: 'operator' })
})

test('a role that there is not is a wrong configuration, of a user and of a plugin', async () => {
  const users = { a: { hash } }
  await expect(
    openAuthenticators([{ name: 'httpbasicauth', role: 'opertor', users }], { log }),
  ).rejects.toThrow(
    '"authentication_plugins[0].role" is "opertor"; allowed: viewer, operator, admin; did you mean',
  )
  await expect(
    openAuthenticators([{ name: 'httpbasicauth', users: { a: { hash, role: 'root' } } }], { log }),
  ).rejects.toThrow('role')
})

test('a plugin that returns an unknown role is denied', async () => {
  const { log: noting, lines } = recordingLog()
  const authenticate = async () => ({ user: 'u', role: 'root' as Role })
  const auth = new Authentication([{ name: 'p', authenticator: { authenticate } }], { log: noting })
  const result = await auth.authenticate({ headers: {}, request: {} as never })
  expect(result).toEqual({ identity: undefined, pluginFailed: true })
  expect(lines).toMatchObject([
    { facts: { reason: 'it returned the role "root"; the roles are viewer, operator, admin' } },
  ])
})
