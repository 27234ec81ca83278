/** The server on a real socket, plain and with TLS. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request, type RequestOptions } from 'node:https'
import { connect as open } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { type Bus, connect } from '@commissaire/bus'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer } from '../src/index.ts'
import { basic, openWorld, operator, recordingLog, type World } from './world.ts'

const run = promisify(execFile)
const { log } = recordingLog()
const plugins = [{ name: 'httpbasicauth', users: { a: { hash: operator.hash } } }]
const headers = basic(operator.user, operator.password)

let world: World
let folder: string

beforeAll(async () => {
  world = await openWorld()
  folder = await mkdtemp(join(tmpdir(), 'commissaire-tls-'))
  await certificate('server', ['-addext', 'subjectAltName=IP:127.0.0.1'])
  await certificate('client', [])
  await certificate('stranger', [])
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** Makes `<name>.pem`, a self-signed certificate with its key. */
async function certificate(name: string, more: string[]): Promise<void> {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
  ]
  await run('openssl', [...kind, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert, ...more])
  await writeFile(join(folder, `${name}.pem`), (await readFile(key, 'utf8')) + (await readFile(cert, 'utf8')))
}

const at = (name: string) => join(folder, name)

function start(tls?: { pemfile?: string; clientverifyfile?: string }) {
  const { bus } = world
  const place = { listenInterface: '127.0.0.1', listenPort: 0, authenticationPlugins: plugins }
  return startServer({ bus, log, ...place, ...(tls && { tls }) })
}

/** A request over TLS that trusts the server's own certificate. */
async function ask(url: string, options: RequestOptions = {}): Promise<{ status: number; body: unknown }> {
  const ca = await readFile(at('server.crt'))
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: unknown }>()
  const asking = request(url, { ca, headers, agent: false, ...options }, (answer) => {
    json(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject)
  })
  asking.on('error', reject).end()
  return promise
}

test('it answers over HTTP, as an operator asks with fetch', async () => {
  await using server = await start()
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const body = JSON.stringify({ container_manager: 'm' })
  const put = await fetch(`${server.url}/api/v0/cluster/web`, { method: 'PUT', headers, body })
  expect([put.status, await put.json()]).toMatchObject([201, { name: 'web' }])
  const shown = await fetch(`${server.url}/api/v0/clusters/`, { headers })
  expect(await shown.json()).toEqual(['web'])
  expect((await fetch(`${server.url}/api/v0/clusters`)).status).toBe(403)
})

test('it closes twice, and then nobody answers', async () => {
  const server = await start()
  await server.close()
  await server.close()
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
})

test('what is in hand when it closes is finished', async () => {
  const bus: Bus = await connect(`memory://${randomUUID()}`)
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<unknown[]>()
  const serving = await bus.serve(
    { name: 'storage', routingKeys: ['storage.*'] },
    {
      handler: () => {
        asked.resolve()
        return answer.promise
      },
    },
  )
  const server = await startServer({
    bus,
    log,
    listenInterface: '127.0.0.1',
    listenPort: 0,
    authenticationPlugins: plugins,
  })
  const response = fetch(`${server.url}/api/v0/clusters`, { headers })
  await asked.promise
  const closed = server.close()
  answer.resolve([])
  expect(await (await response).json()).toEqual([])
  await closed
  await serving.stop()
  await bus.close()
})

test('a client that never finishes its request does not keep it from closing', async () => {
  const server = await startServer({
    bus: world.bus,
    log,
    listenInterface: '127.0.0.1',
    listenPort: 0,
    drainTimeout: 100,
  })
  const { port } = new URL(server.url)
  const socket = open(Number(port), '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.on('error', () => {})
  socket.write('PUT /api/v0/cluster/c HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{')
  await server.close()
  socket.destroy()
})

test('a port that is taken is an error', async () => {
  await using server = await start()
  const listenPort = Number(new URL(server.url).port)
  const again = startServer({ bus: world.bus, log, listenInterface: '127.0.0.1', listenPort })
  await expect(again).rejects.toThrow(`"listen_port" is ${listenPort}, and another program listens there`)
})

test('it answers over TLS, with the key and the certificate of one file', async () => {
  await using server = await start({ pemfile: at('server.pem') })
  expect(server.url).toMatch(/^https:/)
  expect(await ask(`${server.url}/api/v0/networks`)).toEqual({ status: 200, body: ['default'] })
})

test('where client certificates are verified, nobody gets in without one of those', async () => {
  await using server = await start({ pemfile: at('server.pem'), clientverifyfile: at('client.crt') })
  const url = `${server.url}/api/v0/networks`
  const certificateOf = async (name: string) => {
    const pem = await readFile(at(`${name}.pem`), 'utf8')
    return { key: pem, cert: pem }
  }
  expect(await ask(url, await certificateOf('client'))).toEqual({ status: 200, body: ['default'] })
  await expect(ask(url)).rejects.toThrow()
  await expect(ask(url, await certificateOf('stranger'))).rejects.toThrow()
})

test.each([
  [{ pemfile: '/nowhere.pem' }, '"tls_pemfile" is "/nowhere.pem", which cannot be read'],
  [{ clientverifyfile: 'x' }, '"tls_clientverifyfile" is set without "tls_pemfile"'],
])('the files %j are refused', async (tls, message) => {
  await expect(start(tls)).rejects.toThrow(message)
})

test('a file that holds no key is refused at the start', async () => {
  await expect(start({ pemfile: at('server.crt') })).rejects.toThrow(
    `"tls_pemfile" is "${at('server.crt')}", which has no private key`,
  )
})

test('an unknown plugin is refused at the start', async () => {
  const options = { bus: world.bus, log, listenPort: 0, authenticationPlugins: [{ name: 'x' }] }
  await expect(startServer(options)).rejects.toThrow('"authentication_plugins[0].name" is "x"')
})
