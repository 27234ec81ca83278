/** Keystone's users and tokens, checked with a double of Keystone over real HTTP and TLS. */
import { CertificateFolder } from '@commissaire/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openAuthentication } from '../../src/auth/authentication.ts'
import type { PluginConfiguration } from '../../src/auth/plugin-loader.ts'
import { KeystoneDouble } from '../doubles/keystone-double.ts'
import { basic, type LogLine, openWorld, operator, recordingLog, type World } from '../world.ts'

const accounts = [
  { name: 'alice', domain: 'Default', password: 'wonder:land' },
  { name: 'bob', domain: 'builders', password: 'wall' },
]

let keystone: KeystoneDouble
let worlds: World[] = []
let lines: LogLine[] = []

beforeEach(async () => {
  keystone = await new KeystoneDouble(accounts).listen()
  worlds = []
})
afterEach(async () => {
  for (const world of worlds) await world[Symbol.asyncDispose]()
  await keystone.stop()
})

/** A server with these plugins; resolves with a way to ask it. */
async function serve(...plugins: PluginConfiguration[]) {
  const recording = recordingLog()
  lines = recording.lines
  const auth = await openAuthentication(plugins, { log: recording.log })
  const world = await openWorld({ auth, log: recording.log, failureLimit: { max: 3, window: 60_000 } })
  worlds.push(world)
  return (headers: Record<string, string>) => world.app.inject({ url: '/api/v0/clusters', headers })
}

const password = (more: object = {}) => ({ name: 'keystonepasswordauth', url: keystone.url, ...more })
const token = (more: object = {}) => ({ name: 'keystonetokenauth', url: keystone.url, ...more })

describe('keystonepasswordauth', () => {
  test('lets in who Keystone knows, with the token that Keystone gave', async () => {
    const get = await serve(password())
    const answer = await get(basic('alice', 'wonder:land'))
    expect(answer.statusCode).toBe(200)
    expect(keystone.tokens.has(String(answer.headers['x-subject-token']))).toBe(true)
  })

  test.each(['/v3', '/v3/', '/v3/auth/tokens', '/'])('the address may end in %s', async (path) => {
    const get = await serve(password({ url: `${keystone.url}${path}` }))
    expect((await get(basic('alice', 'wonder:land'))).statusCode).toBe(200)
  })

  test('a wrong password, an unknown name and another domain are denied with a challenge', async () => {
    const get = await serve(password())
    for (const [user, secret] of [
      ['alice', 'x'],
      ['mallory', 'x'],
      ['bob', 'wall'],
    ] as const) {
      const answer = await get(basic(user, secret))
      expect(answer.statusCode).toBe(403)
      expect(answer.headers['www-authenticate']).toContain('Basic realm="commissaire", charset="UTF-8"')
    }
    expect((await get(basic('alice', 'y'))).statusCode).toBe(429)
  })

  test('the domain is an option', async () => {
    const get = await serve(password({ domain: 'builders' }))
    expect((await get(basic('bob', 'wall'))).statusCode).toBe(200)
    expect((await get(basic('alice', 'wonder:land'))).statusCode).toBe(403)
  })

  test('a right password is remembered, and asked about once at a time', async () => {
    const get = await serve(password())
    await Promise.all(Array.from({ length: 10 }, () => get(basic('alice', 'wonder:land'))))
    await get(basic('alice', 'wonder:land'))
    expect(keystone.asked).toHaveLength(1)
  })

  test('no longer than the token lives', async () => {
    keystone.lifetime = 1
    const get = await serve(password())
    await get(basic('alice', 'wonder:land'))
    await get(basic('alice', 'wonder:land'))
    expect(keystone.asked).toHaveLength(2)
  })

  test('a redirect is not followed, and is denied', async () => {
    await using elsewhere = await new KeystoneDouble(accounts).listen()
    keystone.instead = { status: 307, headers: { location: `${elsewhere.url}/v3/auth/tokens` } }
    const get = await serve(password())
    expect((await get(basic('alice', 'wonder:land'))).statusCode).toBe(503)
    expect(elsewhere.asked).toEqual([])
    expect(failure()).toContain('it redirects (307), and redirects are not followed')
  })

  test.each([
    [{ status: 500 }, 'Keystone answered 500'],
    [{ status: 200, body: { token: {} } }, 'Keystone answered 200'],
    [{ status: 404, body: 'Not Found' }, 'Keystone answered 404'],
    [{ status: 201, body: { token: { user: { name: 'alice' } } } }, 'Keystone answered 201'],
  ])('an answer like %j is denied and logged', async (said, message) => {
    keystone.instead = said
    const get = await serve(password())
    expect((await get(basic('alice', 'wonder:land'))).statusCode).toBe(503)
    expect(failure()).toContain(message)
  })

  test('while Keystone is silent the next plugin is asked, in bounded time', async () => {
    keystone.instead = 'silence'
    const own = { name: 'httpbasicauth', users: { a: { hash: operator.hash } } }
    const get = await serve(password({ timeout: 0.2 }), own)
    expect((await get(basic(operator.user, operator.password))).statusCode).toBe(200)
    expect((await get(basic('alice', 'wonder:land'))).statusCode).toBe(503)
    expect(failure()).toBe(`cannot ask Keystone at ${keystone.url}/v3/auth/tokens: no answer within 0.2 s`)
  })

  test('while Keystone is down nobody is let in by it, guesses count, and then all is well again', async () => {
    const get = await serve(password())
    await keystone.stop()
    const answer = await get(basic('alice', 'wonder:land'))
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({ detail: expect.stringContaining('cannot be checked') })
    expect(failure()).toContain('ECONNREFUSED')
    await keystone.listen()
    expect((await get(basic('alice', 'wonder:land'))).statusCode).toBe(200)
    await keystone.stop()
    await get(basic('x', '1'))
    await get(basic('x', '2'))
    expect((await get(basic('x', '3'))).statusCode).toBe(429)
  })

  test('no password and no token is in the log', async () => {
    const get = await serve(password(), token())
    await get(basic('alice', 'wonder:land'))
    await get(basic('alice', 'hunter2'))
    const log = JSON.stringify(lines)
    for (const secret of ['wonder', 'hunter2', ...keystone.tokens.keys()]) expect(log).not.toContain(secret)
  })
})

describe('keystonetokenauth', () => {
  test('lets in who holds a token, and gives it back', async () => {
    const get = await serve(token())
    const held = keystone.issue('bob')
    const answer = await get({ 'x-auth-token': held })
    expect([answer.statusCode, answer.headers['x-subject-token']]).toEqual([200, held])
    await get({ 'x-auth-token': held })
    expect(keystone.asked).toHaveLength(1)
  })

  test('the token that a password brought gets its holder in', async () => {
    const get = await serve(password(), token())
    const { headers } = await get(basic('alice', 'wonder:land'))
    expect((await get({ 'x-auth-token': String(headers['x-subject-token']) })).statusCode).toBe(200)
  })

  test('a token nobody gave out is denied, and guesses are counted', async () => {
    const get = await serve(token())
    for (const guess of ['1', '2', '3']) expect((await get({ 'x-auth-token': guess })).statusCode).toBe(403)
    expect((await get({ 'x-auth-token': '4' })).statusCode).toBe(429)
    expect(keystone.asked).toHaveLength(3)
  })

  test('what no header could carry is not even asked about', async () => {
    const get = await serve(token())
    for (const guess of ['', 'a b', 'é', 'x'.repeat(8193)]) {
      expect((await get({ 'x-auth-token': guess })).statusCode).not.toBe(200)
    }
    expect(keystone.asked).toEqual([])
  })
})

describe('over TLS', () => {
  let certificates: CertificateFolder
  beforeAll(async () => {
    certificates = new CertificateFolder()
    certificates.selfSigned('keystone', ['-days', '1', '-addext', 'subjectAltName=IP:127.0.0.1'])
    certificates.selfSigned('other')
  })
  afterAll(() => certificates[Symbol.dispose]())

  test('the certificate of Keystone is verified, against the authorities of "ca"', async () => {
    const tls = {
      key: certificates.read('keystone.key'),
      cert: certificates.read('keystone.crt'),
    }
    await using secure = await new KeystoneDouble(accounts).listen({ tls })
    const login = basic('alice', 'wonder:land')
    const trusting = await serve(password({ url: secure.url, ca: certificates.at('keystone.crt') }))
    expect((await trusting(login)).statusCode).toBe(200)
    for (const more of [{}, { ca: certificates.at('other.crt') }]) {
      const doubting = await serve(password({ url: secure.url, ...more }))
      expect((await doubting(login)).statusCode).toBe(503)
      expect(failure()).toContain('self-signed certificate')
    }
    expect(secure.asked).toHaveLength(1)
  })
})

test('plain HTTP to another machine is warned about', async () => {
  await serve(password({ url: 'http://192.0.2.1:5000' }))
  expect(lines).toMatchObject([{ level: 'warn', facts: { host: '192.0.2.1:5000' } }])
})

/** Why a plugin failed, the last time. */
function failure(): string {
  return String(lines.findLast(({ facts }) => 'plugin' in facts)?.facts['reason'])
}
