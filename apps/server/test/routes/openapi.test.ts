/** The document of the API: valid, complete, and the same as the manual. */
import { readFileSync } from 'node:fs'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { roleFor } from '../../src/auth/route-roles.ts'
import { sharedStatuses } from '../../src/http/problem.ts'
import { openWorld, type World } from '../world.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly requestBody?: object
  readonly security?: readonly object[]
  readonly responses: Readonly<Record<string, unknown>>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, { properties: object }>> }
}

let world: World
let document: Document
const routes = new Set<string>()

beforeAll(async () => {
  world = await openWorld()
  await world.app.ready()
  document = (await world.app.inject('/openapi.json')).json()
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const method of Object.keys(operations)) routes.add(`${method.toUpperCase()} ${path}`)
  }
})

afterAll(() => world[Symbol.asyncDispose]())

test('it is a valid OpenAPI 3.1 document', async () => {
  const result = await new Validator().validate({ ...structuredClone(document) })
  expect(result).toMatchObject({ valid: true })
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Commissaire' } })
})

test('it lists every endpoint, and no other', () => {
  expect(routes).toEqual(
    new Set([
      'GET /api/v0/clusters',
      ...verbs('/api/v0/cluster/{name}', 'GET PUT DELETE'),
      ...verbs('/api/v0/cluster/{name}/hosts', 'GET PUT'),
      ...verbs('/api/v0/cluster/{name}/hosts/{host}', 'GET PUT DELETE'),
      ...verbs('/api/v0/cluster/{name}/deploy', 'GET PUT'),
      ...verbs('/api/v0/cluster/{name}/upgrade', 'GET PUT'),
      ...verbs('/api/v0/cluster/{name}/restart', 'GET PUT'),
      ...verbs('/api/v0/operations', 'GET POST'),
      'POST /api/v0/operations/plan',
      'GET /api/v0/operations/{id}',
      'GET /api/v0/operations/{id}/hosts/{address}',
      'PUT /api/v0/operations/{id}/pause',
      'PUT /api/v0/operations/{id}/resume',
      'PUT /api/v0/operations/{id}/cancel',
      'PUT /api/v0/operations/{id}/retry',
      'PUT /api/v0/operations/{id}/skip',
      'PUT /api/v0/operations/{id}/release',
      'PUT /api/v0/operations/{id}/concurrency',
      'GET /api/v0/schedules',
      ...verbs('/api/v0/schedule/{name}', 'GET PUT DELETE'),
      'GET /api/v0/hosts',
      'PUT /api/v0/host',
      ...verbs('/api/v0/host/{address}', 'GET PUT DELETE'),
      'GET /api/v0/host/{address}/creds',
      'GET /api/v0/host/{address}/status',
      'GET /api/v0/host/{address}/plan',
      'GET /api/v0/networks',
      ...verbs('/api/v0/network/{name}', 'GET PUT DELETE'),
      'GET /api/v0/containermanagers',
      ...verbs('/api/v0/containermanager/{name}', 'GET PUT DELETE'),
      'GET /api/v0/events',
      'GET /api/v0/bus/services',
      'POST /api/v0/bus/call',
      'GET /api/v0/bus/dead/{queue}',
      ...verbs('/api/v0/bus/dead/{queue}/{id}', 'GET DELETE'),
      'POST /api/v0/bus/dead/{queue}/{id}/retry',
      'GET /healthz',
      'GET /readyz',
      'GET /metrics',
    ]),
  )
})

function verbs(path: string, methods: string): string[] {
  return methods.split(' ').map((method) => `${method} ${path}`)
}

test('every route of the app is in it', () => {
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ')
    const url = path.replace(/\{(\w+)\}/g, ':$1')
    expect(world.app.hasRoute({ method, url })).toBe(true)
  }
  const printed = world.app.printRoutes({ commonPrefix: false, includeHooks: false })
  const known = [...new Set([...routes].map((route) => route.split(' ')[1]))]
  expect(printed.match(/\(.*(?:GET|PUT|POST).*\)/g)).toHaveLength(known.length + 1)
})

test('every operation has a name of its own', () => {
  const names = operations().map(({ operation }) => operation.operationId)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toContain('getClusterByName')
})

test('hidden attributes are in no model', () => {
  const { schemas } = document.components
  expect(Object.keys(schemas['Cluster']?.properties ?? {})).toEqual([
    'name',
    'status',
    'network',
    'container_manager',
    'bootstrap',
  ])
  expect(Object.keys(schemas).filter((name) => name.endsWith('Input'))).toEqual(['RolloutPolicyInput'])
})

test('only what everybody may see is without security', () => {
  const open = operations().filter(({ operation }) => operation.security?.length === 0)
  expect(open.map(({ path }) => path).sort()).toEqual(['/healthz', '/readyz'])
})

test('the table of the manual says the same', () => {
  const manual = readFileSync(new URL('../../../../docs/reference/rest.md', import.meta.url), 'utf8')
  const rows = manual.split('\n').filter((line) => /^\| [A-Z]+ \|/.test(line))
  expect(rows).toEqual(operations().map(rowOf))
})

interface Located {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

function operations(): Located[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
}

/** Errors that every endpoint may answer are said once, above the table. */
const everywhere = new Set([...sharedStatuses.map(String), 'default'])

function rowOf({ path, method, operation }: Located): string {
  const statuses = Object.keys(operation.responses)
  const success = statuses.filter((status) => status.startsWith('2')).join(' ')
  const errors = statuses.filter((status) => !status.startsWith('2') && !everywhere.has(status)).join(' ')
  const url = path.replaceAll(/\{(\w+)\}/g, ':$1')
  const role = operation.security?.length === 0 ? '' : roleFor(method.toUpperCase(), url)
  return `| ${method.toUpperCase()} | \`${path}\` | ${operation.summary} | ${role} | ${success} | ${errors} |`
}
