/** Tokens of an OpenID Connect issuer, with a double of one over real HTTP and HTTPS. */
import { CertificateFolder } from '@commissaire/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openAuthentication } from '../../src/auth/authentication.ts'
import { openAuthenticators } from '../../src/auth/plugin-loader.ts'
import { IssuerDouble, type TokenOptions } from '../doubles/issuer-double.ts'
import { type LogLine, openWorld, recordingLog, type World } from '../world.ts'

let issuer: IssuerDouble
let world: World | undefined
let lines: LogLine[]

beforeEach(async () => {
  issuer = await new IssuerDouble().listen()
  await issuer.addKey('first')
})
afterEach(async () => {
  vi.restoreAllMocks()
  await world?.[Symbol.asyncDispose]()
  world = undefined
  await issuer.stop()
})

const roles = { ops: 'operator', admins: 'admin', everybody: 'viewer' }
const plugin = () => ({
  name: 'oidc',
  issuer: issuer.url,
  audience: 'commissaire',
  role_claim: 'groups',
  roles,
})

async function serve(options: object = {}) {
  const recording = recordingLog()
  lines = recording.lines
  const auth = await openAuthentication([{ ...plugin(), ...options }], recording)
  world = await openWorld({ auth, log: recording.log, failureLimit: { max: 1000, window: 60_000 } })
}

async function show(token: string, url = '/clusters'): Promise<number | undefined> {
  const headers = { authorization: `Bearer ${token}` }
  return (await world?.app.inject({ url: `/api/v0${url}`, headers }))?.statusCode
}

const asked = (path: string) => issuer.asked.filter((one) => one.path === path).length
const reasons = () => lines.flatMap(({ facts }) => facts['reason'] ?? []).map(String)
const now = () => Math.floor(Date.now() / 1000)

test('a token lets in whoever it names, with the role that its claim maps to', async () => {
  await serve()
  const token = await issuer.token()
  expect([await show(token), await show(token, '/host/x/creds')]).toEqual([200, 403])
  expect(lines.findLast(({ sentence }) => sentence === 'Answered')?.facts['user']).toBe('alice')
  expect(JSON.stringify(lines)).not.toContain(token)
})

test.each(['RS256', 'PS256', 'ES384', 'EdDSA'])('a signature may be %s', async (alg) => {
  await issuer.addKey('other', { alg })
  await serve()
  expect(await show(await issuer.token({ kid: 'other' }))).toBe(200)
})

test.each<[string, TokenOptions['claims']]>([
  ['expired', { exp: now() - 60 }],
  ['without an end', { exp: undefined }],
  ['not yet good', { nbf: now() + 600 }],
  ['for another audience', { aud: 'somebody-else' }],
  ['for no audience', { aud: undefined }],
  ['of another issuer', { iss: 'https://issuer.example.com' }],
  ['of no issuer', { iss: undefined }],
  ['of nobody', { sub: undefined }],
  ['of an empty name', { sub: '' }],
  ['without a role', { groups: ['strangers', 'toString', 'constructor'] }],
  ['without the claim of roles', { groups: undefined }],
])('a token that is %s is denied', async (_what, claims) => {
  await serve()
  expect(await show(await issuer.token({ claims }))).toBe(403)
})

test('clocks may differ by as much as is tolerated', async () => {
  await serve({ clock_tolerance: 20 })
  expect(await show(await issuer.token({ claims: { exp: now() - 10 } }))).toBe(200)
})

test('a token that nobody signed, or that is signed with the public key as a secret, lets nobody in', async () => {
  await serve()
  expect(await show(issuer.unsigned())).toBe(403)
  expect(await show(issuer.signedWithPublicKey())).toBe(403)
  expect(issuer.asked).toEqual([])
})

test('a token that was changed, or is signed with a key of somebody else, lets nobody in', async () => {
  await serve()
  const [head, body = '', signature] = (await issuer.token()).split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object
  const better = Buffer.from(JSON.stringify({ ...claims, groups: ['admins'] })).toString('base64url')
  expect(await show([head, better, signature].join('.'))).toBe(403)
  await using other = await new IssuerDouble().listen()
  await other.addKey('first')
  expect(await show(await other.token({ claims: { iss: issuer.url } }))).toBe(403)
  for (const junk of ['x', 'a.b.c', '..', `${head}.${body}`]) expect(await show(junk)).toBe(403)
})

test('a new key is fetched, but not more often than every half minute, whatever is made up', async () => {
  let time = 0
  vi.spyOn(performance, 'now').mockImplementation(() => time)
  await serve()
  expect(await show(await issuer.token())).toBe(200)
  await issuer.addKey('second')
  await issuer.addKey('made up', { show: false })
  for (let turn = 0; turn < 5; turn++) expect(await show(await issuer.token({ kid: 'made up' }))).toBe(403)
  expect(await show(await issuer.token({ kid: 'second' }))).toBe(403)
  expect(asked('/keys')).toBe(1)
  time = 31_000
  expect(await show(await issuer.token({ kid: 'second' }))).toBe(200)
  expect(asked('/keys')).toBe(2)
})

test('a key that the issuer has taken back is good for ten minutes at most', async () => {
  let time = 0
  vi.spyOn(performance, 'now').mockImplementation(() => time)
  await serve()
  expect(await show(await issuer.token({ claims: { jti: '1' } }))).toBe(200)
  issuer.shown = []
  time = 601_000
  expect(await show(await issuer.token({ claims: { jti: '2' } }))).toBe(403)
})

test('while the issuer is down nobody new is let in, the log says why, and it is not asked all the time', async () => {
  let time = 0
  vi.spyOn(performance, 'now').mockImplementation(() => time)
  await serve()
  const token = await issuer.token()
  await issuer.stop()
  for (let turn = 0; turn < 3; turn++) expect(await show(token)).toBe(503)
  expect(reasons()[0]).toMatch(/^cannot ask the issuer at .*ECONNREFUSED/)
  await issuer.listen()
  time = 3000
  expect(await show(token)).toBe(200)
})

test.each([
  [{ status: 500 }, 'answered 500'],
  [{ status: 302, headers: { location: '/elsewhere' } }, 'redirects (302)'],
  [{ status: 200, body: { keys: 'none' } }, 'an unexpected body'],
])('an issuer that says %j is denied', async (instead, reason) => {
  await serve()
  issuer.instead = instead
  expect(await show(await issuer.token())).toBe(503)
  expect(reasons().join()).toContain(reason)
})

test.each([
  [{ issuer: 'https://issuer.example.com' }, 'names the issuer "https://issuer.example.com"'],
  [{ jwks_uri: 'https://127.0.0.1:9/keys' }, 'the protocol must be that of the issuer'],
  [{ jwks_uri: 'file:///etc/keys' }, 'an unexpected body'],
])('a discovery that says %j is denied', async (discovered, reason) => {
  issuer.discovered = discovered
  await serve()
  expect(await show(await issuer.token())).toBe(503)
  expect(reasons().join()).toContain(reason)
})

test('the highest of several roles counts, and claims may lie deep or be named by a URL', async () => {
  const claims = {
    realm_access: { roles: ['everybody', 'admins', 'ops'] },
    'https://example.com/roles': 'admins',
    email: 'alice@example.com',
  }
  for (const role_claim of ['realm_access.roles', 'https://example.com/roles']) {
    await serve({ role_claim, user_claim: 'email' })
    expect(await show(await issuer.token({ claims }), '/host/x/creds')).toBe(404)
    expect(lines.findLast(({ sentence }) => sentence === 'Audit')?.facts['user']).toBe('alice@example.com')
    await world?.[Symbol.asyncDispose]()
  }
})

test('the option "role" is for those whose claims have none', async () => {
  await serve({ role: 'viewer' })
  const token = await issuer.token({ claims: { groups: [] } })
  expect([await show(token), await show(token, '/bus/dead/x')]).toEqual([200, 403])
})

test('over HTTPS the certificate of the issuer has to be vouched for', async () => {
  using certificates = new CertificateFolder()
  certificates.selfSigned('authority')
  const names = certificates.write('names', 'subjectAltName=IP:127.0.0.1')
  certificates.signedBy('authority', 'issuer', ['-days', '1', '-extfile', names])
  const tls = { key: certificates.read('issuer.key'), cert: certificates.read('issuer.crt') }
  await issuer.stop()
  issuer = await new IssuerDouble().listen({ tls })
  await issuer.addKey('first')
  await serve()
  expect(await show(await issuer.token())).toBe(503)
  await world?.[Symbol.asyncDispose]()
  await serve({ ca: certificates.at('authority.crt') })
  expect(await show(await issuer.token())).toBe(200)
})

test.each([
  [{ audience: undefined }, 'audience'],
  [{ issuer: 'issuer.example.com' }, 'must be a URL'],
  [{ roles: { ops: 'root' } }, 'roles.ops'],
  [{ roles: {} }, 'no user would have a role'],
])('the server does not start with %j', async (options, message) => {
  const { log } = recordingLog()
  await expect(openAuthenticators([{ ...plugin(), ...options }], { log })).rejects.toThrow(message)
})
