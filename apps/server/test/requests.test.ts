/** What holds for every request: bodies, slashes, unknown paths and methods, and what goes wrong on our side. */
import { randomUUID } from 'node:crypto'
import { BusError } from '@commissaire/bus'
import { StorageClient } from '@commissaire/storage'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Backend } from '../src/backend.ts'
import { basic, openWorld, operator, type World } from './world.ts'

let world: World

beforeEach(async () => {
  world = await openWorld()
})

afterEach(() => world[Symbol.asyncDispose]())

const login = basic(operator.user, operator.password)

test('a trailing slash changes nothing, before a query too', async () => {
  for (const path of ['/clusters', '/clusters/', '/clusters?a=b', '/clusters/?a=b']) {
    expect((await world.ask('GET', path)).statusCode).toBe(200)
  }
})

test.each(['{', '{"network":', 'nonsense', '{"__proto__": {}}', '{"a":1}{'])(
  'the body %s is refused',
  async (payload) => {
    const headers = { ...login, 'content-type': 'application/json' }
    const answer = await world.app.inject({ method: 'PUT', url: '/api/v0/cluster/c', headers, payload })
    expect(answer.statusCode).toBe(400)
    expect(answer.headers['content-type']).toBe('application/problem+json')
  },
)

test.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain', undefined])(
  'a body labelled %s is read as JSON, and an empty one is fine',
  async (label) => {
    const headers = { ...login, ...(label === undefined ? {} : { 'content-type': label }) }
    const url = '/api/v0/cluster/c'
    const payload = '{"container_manager":"m"}'
    const put = await world.app.inject({ method: 'PUT', url, headers, payload })
    expect(put.json()).toMatchObject({ container_manager: 'm' })
    expect((await world.app.inject({ method: 'GET', url, headers })).statusCode).toBe(200)
    expect((await world.app.inject({ method: 'PUT', url, headers, payload: '' })).statusCode).toBe(201)
    expect((await world.app.inject({ method: 'DELETE', url, headers, payload: '{}' })).statusCode).toBe(200)
  },
)

test('a body that is too large is refused unread', async () => {
  const answer = await world.ask('PUT', '/cluster/c', { network: 'x'.repeat(2 ** 20) })
  expect(answer.statusCode).toBe(413)
})

test.each(['/nothing', '/cluster', '/cluster/', '/clusters/c', '/host/a/b', '/../v0/hostss'])(
  'there is nothing at %s',
  async (path) => {
    const answer = await world.ask('GET', path)
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, 'application/problem+json'])
  },
)

test.each([
  ['POST', '/clusters', 'GET, HEAD'],
  ['DELETE', '/clusters', 'GET, HEAD'],
  ['PATCH', '/cluster/c/', 'GET, HEAD, PUT, DELETE'],
  ['GET', '/host', 'PUT'],
  ['DELETE', '/cluster/c/upgrade', 'HEAD, GET, PUT'],
])('%s %s is not allowed, and it says what is', async (method, path, allowed) => {
  const answer = await world.ask(method, path, '{')
  expect(answer.statusCode).toBe(405)
  const methods = (text: string) => new Set(text.split(', '))
  expect(methods(String(answer.headers['allow']))).toEqual(methods(allowed))
})

test('methods are matched whole, and nothing overrides them', async () => {
  await world.ask('PUT', '/cluster/c', {})
  const headers = { ...login, 'x-http-method-override': 'DELETE' }
  await world.app.inject({ method: 'GET', url: '/api/v0/cluster/c?_method=DELETE', headers })
  expect((await world.ask('GET', '/cluster/c')).statusCode).toBe(200)
})

test('HEAD answers as GET does, without the body', async () => {
  const answer = await world.ask('HEAD', '/clusters')
  expect([answer.statusCode, answer.body]).toEqual([200, ''])
})

function failing(error: unknown): Backend['bus'] {
  const fail = async (): Promise<never> => {
    throw error
  }
  const dead = { list: fail, replay: fail, drop: fail, stats: fail }
  const listen = () => ({ [Symbol.dispose]() {} })
  return { request: fail, notify: fail, publish: fail, listen, rollCall: fail, dead }
}

test('what nobody foresaw is a bare 500, and the log has the rest under its id', async () => {
  const bus = failing(new Error('the secret is 42'))
  await using broken = await openWorld({ bus, storage: new StorageClient(bus) })
  const answer = await broken.ask('GET', '/clusters')
  expect(answer.statusCode).toBe(500)
  const { id, ...rest } = answer.json()
  expect(rest).toEqual({ type: 'about:blank', title: 'Internal Server Error', status: 500 })
  expect(answer.headers['x-request-id']).toBe(id)
  const line = broken.log.find(({ level }) => level === 'error')
  expect(line?.facts).toMatchObject({ id, path: '/api/v0/clusters', err: { message: 'the secret is 42' } })
})

test('the data of an error stays out of the log, as it may quote a model', async () => {
  const secret = randomUUID()
  const bus = failing(new BusError('InternalError', 'failed', { data: { model_json_data: secret } }))
  await using broken = await openWorld({ bus, storage: new StorageClient(bus) })
  const answer = await broken.ask('GET', '/clusters')
  expect(answer.statusCode).toBe(500)
  expect(answer.body + JSON.stringify(broken.log)).not.toContain(secret)
})

test.each([
  ['Timeout', 504],
  ['NobodyListens', 503],
  ['ConnectionLost', 503],
  ['ContainerManager', 502],
] as const)('%s is answered with %i, an id and the reason', async (name, status) => {
  const bus = failing(new BusError(name, 'this is why'))
  await using broken = await openWorld({ bus, storage: new StorageClient(bus) })
  const answer = await broken.ask('GET', '/hosts')
  expect(answer.statusCode).toBe(status)
  expect(answer.json()).toMatchObject({ detail: 'this is why', id: answer.headers['x-request-id'] })
})

test('every answer is one line of the log, without the query', async () => {
  await world.ask('GET', '/clusters?token=secret')
  const line = world.log.find(({ sentence }) => sentence === 'Answered')
  expect(line?.facts).toMatchObject({ method: 'GET', path: '/api/v0/clusters', status: 200, user: 'a' })
  expect(JSON.stringify(world.log)).not.toContain('secret')
})
