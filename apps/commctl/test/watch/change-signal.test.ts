/** What wakes up who watches, against servers that tell of events, do not, or fall silent in the middle. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'vitest'
import { Api } from '../../src/client/api.ts'
import { Bell } from '../../src/watch/change-signal.ts'
import { EventReader } from '../../src/watch/event-reader.ts'

const never = new AbortController().signal
const hour = 3_600_000

/** A server that answers so, and a client of it. */
async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = { endpoints: [endpoint], headers: {}, origin: 'a test' }
  const api = new Api(settings, {
    timeout: 5000,
    signal: never,
    tell: () => {},
  })
  return {
    api,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function begin(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
  return response
}

test('events are read wherever their text is cut, and comments are none', () => {
  const text =
    ': hello\n\nevent: operation.updated\nid: 1\ndata: {"a":1}\n\ndata: x\r\ndata:  y\r\n\r\nevent: empty\n\n'
  const expected = [
    { kind: 'operation.updated', data: '{"a":1}' },
    { kind: 'message', data: 'x\n y' },
  ]
  assert.deepEqual(new EventReader().feed(text), expected)
  const reader = new EventReader()
  assert.deepEqual(
    text.split('').flatMap((letter) => reader.feed(letter)),
    expected,
  )
})

test('an event that never ends takes no memory, and what comes after it is read', () => {
  const reader = new EventReader()
  for (let piece = 0; piece < 30; piece++) assert.deepEqual(reader.feed('data: '.padEnd(100_000, 'x')), [])
  assert.equal(reader.feed('\n\ndata: 1\n\n').at(-1)?.data, '1')
})

test('it rings when the stream opens, as something may have happened before, and at each event', async () => {
  const opened = Promise.withResolvers<ServerResponse>()
  await using server = await serve((request, response) => {
    assert.equal(request.url, '/api/v0/events?operation=restart-web-1')
    opened.resolve(begin(response))
  })
  using bell = Bell.for(server.api, 'restart-web-1', hour)
  await bell.rings(never)
  const response = await opened.promise
  for (let event = 0; event < 3; event++) {
    const rung = bell.rings(never)
    response.write('event: operation.upd')
    response.write('ated\nda')
    response.write('ta: {}\n\n')
    await rung
  }
})

test('a stream that is cut rings, and is opened again', async () => {
  let streams = 0
  const second = Promise.withResolvers<void>()
  await using server = await serve((_request, response) => {
    const stream = begin(response)
    if (++streams === 1) stream.write('data: 1\n\n', () => stream.destroy())
    else second.resolve()
  })
  using bell = Bell.for(server.api, 'restart-web-1', hour)
  await bell.rings(never)
  await bell.rings(never)
  await second.promise
})

test.each([
  ['has no events', 404, 'application/problem+json'],
  ['answers with a page of its own', 200, 'text/html'],
])('where the server %s it is a clock', async (_what, code, type) => {
  await using server = await serve((_request, response) => {
    response.writeHead(code, { 'content-type': type }).end('data: no\n\n')
  })
  using bell = Bell.for(server.api, 'restart-web-1', 30)
  for (let turn = 0; turn < 5; turn++) await bell.rings(never)
})

test('whoever gives up is not kept waiting', async () => {
  await using server = await serve((_request, response) => void begin(response))
  using bell = Bell.for(server.api, undefined, hour)
  const giving = new AbortController()
  const rung = bell.rings(giving.signal)
  giving.abort(new Error('enough'))
  await assert.rejects(rung, /enough/)
})
