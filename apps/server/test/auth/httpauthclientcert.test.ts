/** Client certificates, over real TLS. */
import { CertificateFolder } from '@commissaire/testing'
import { Agent, request } from 'node:https'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer } from '../../src/index.ts'
import { openWorld, recordingLog, type World } from '../world.ts'

let certificates: CertificateFolder
let world: World

beforeAll(async () => {
  world = await openWorld()
  certificates = new CertificateFolder()
  certificates.selfSigned('server', ['-days', '1', '-addext', 'subjectAltName=IP:127.0.0.1'])
  certificates.selfSigned('authority')
  certificates.signedBy('authority', 'alice')
  certificates.signedBy('authority', 'bob')
  certificates.selfSigned('mallory')
})

afterAll(async () => {
  certificates[Symbol.dispose]()
  await world[Symbol.asyncDispose]()
})

function serve(options: object = {}, tls: object = { clientverifyfile: certificates.at('authority.crt') }) {
  return startServer({
    bus: world.bus,
    log: recordingLog().log,
    listenInterface: '127.0.0.1',
    listenPort: 0,
    tls: { pemfile: certificates.at('server.pem'), ...tls },
    authenticationPlugins: [{ name: 'httpauthclientcert', ...options }],
  })
}

/** The status that somebody with that certificate gets; rejects where no connection comes about. */
async function statusFor(url: string, name: string | undefined, agent?: Agent): Promise<number> {
  const ca = certificates.read('server.crt')
  const pem = name === undefined ? {} : await pairOf(name)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  request(`${url}/api/v0/networks`, { ca, ...pem, agent: agent ?? false }, (answer) => {
    answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
  })
    .on('error', reject)
    .end()
  return promise
}

async function pairOf(name: string): Promise<{ key: string; cert: string }> {
  const pem = certificates.read(`${name}.pem`)
  return { key: pem, cert: pem }
}

test('whoever the authority vouches for is let in, and nobody else gets as far as a request', async () => {
  await using server = await serve()
  expect(await statusFor(server.url, 'alice')).toBe(200)
  expect(await statusFor(server.url, 'bob')).toBe(200)
  await expect(statusFor(server.url, 'mallory')).rejects.toThrow()
  await expect(statusFor(server.url, undefined)).rejects.toThrow()
})

test('where a common name is wanted, other certificates are denied', async () => {
  await using server = await serve({ cn: 'alice' })
  expect(await statusFor(server.url, 'alice')).toBe(200)
  expect(await statusFor(server.url, 'bob')).toBe(403)
})

test('a session that is resumed is still that of the same person', async () => {
  await using server = await serve({ cn: 'alice' })
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 })
  for (let index = 0; index < 3; index++) expect(await statusFor(server.url, 'alice', agent)).toBe(200)
  agent.destroy()
})

test('on a server that asks for no certificates it is refused at the start, with the remedy', async () => {
  await expect(serve({}, {})).rejects.toThrow('set "tls_clientverifyfile"')
})
