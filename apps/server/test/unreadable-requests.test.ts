/** Requests that reach no route are answered with problem documents, which name nothing that the server is made of. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { basic, openWorld, operator, type World } from './world.ts'

let world: World
let port: number

beforeAll(async () => {
  world = await openWorld()
  await world.app.listen({ port: 0, host: '127.0.0.1' })
  const address = world.app.server.address()
  port = typeof address === 'object' && address ? address.port : 0
})
afterAll(() => world[Symbol.asyncDispose]())

const { authorization } = basic(operator.user, operator.password)

async function exchange(
  lines: string,
): Promise<{ status: number; head: string; body: Record<string, unknown> }> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(lines)
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  return { status: Number(head.slice(9, 12)), head, body: JSON.parse(body) }
}

const request = (start: string, ...headers: string[]): string =>
  [
    `${start} HTTP/1.1`,
    'Host: x',
    `Authorization: ${authorization}`,
    'Connection: close',
    ...headers,
    '',
    '',
  ].join('\r\n')

test.each([
  ['a percent sign that encodes nothing', request('GET /api/v0/host/fe80::1%eth0'), 400, /percent sign/],
  ['bytes that are no UTF-8', request('PUT /api/v0/host/%ff%fe'), 400, /percent sign/],
  ['a name of 300 characters', request(`GET /api/v0/host/${'a'.repeat(300)}`), 414, /longer than 255/],
  ['a method that HTTP does not have', request('FOO /api/v0/hosts'), 501, /method/],
  ['a method that no path has', request('PROPFIND /api/v0/hosts'), 405, /PROPFIND/],
  ['QUERY without a body', request('QUERY /api/v0/hosts'), 405, /QUERY/],
  ['CONNECT', request('CONNECT x:1'), 501, /proxy/],
  ['headers of 20 kB', request('GET /api/v0/hosts', `X: ${'y'.repeat(20_000)}`), 431, /16 KiB/],
  ['no Host header', 'GET /api/v0/hosts HTTP/1.1\r\nConnection: close\r\n\r\n', 400, /Host/],
  ['what is no HTTP', '\u0016\u0003\u0001garbage\r\n\r\n', 400, /not valid HTTP/],
  [
    'a length that is no number',
    request('PUT /api/v0/cluster/c', 'Content-Length: x'),
    400,
    /not valid HTTP/,
  ],
  ['an unknown expectation', request('PUT /api/v0/cluster/c', 'Expect: 200-maybe'), 417, /200-maybe/],
  ['an encoded body', request('PUT /api/v0/cluster/c', 'Content-Encoding: gzip'), 415, /gzip/],
  [
    'no media type',
    request('PUT /api/v0/cluster/c', 'Content-Type: ;;;', 'Content-Length: 0'),
    415,
    /media type/,
  ],
  ['a large body', request('PUT /api/v0/cluster/c', 'Content-Length: 99999999'), 413, /too large/],
])('%s is answered with a problem', async (_what, lines, status, detail) => {
  const answer = await exchange(lines)
  expect(answer.body).toMatchObject({ type: 'about:blank', status, detail: expect.stringMatching(detail) })
  expect(answer.status).toBe(status)
  expect(answer.head).toMatch(/content-type: application\/problem\+json/i)
  expect(answer.head).toMatch(/x-request-id: [\da-f-]{36}/i)
  expect(JSON.stringify(answer.body)).not.toMatch(/FST_|HPE_|fastify/i)
})

test('a path that exists says which methods it supports', async () => {
  const { head } = await exchange(request('PROPFIND /api/v0/cluster/c/'))
  expect(head).toMatch(/allow: (?=.*GET)(?=.*PUT)(?=.*DELETE)/i)
})
