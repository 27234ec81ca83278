/** `commctl token`, and what commctl does with a token. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, test } from 'vitest'
import { openAuthentication, roles } from '@commissaire/server'
import { Home } from './world.ts'

const home = new Home()
let server: Server
let endpoint: string
let shown: string[] = []

beforeAll(async () => {
  server = createServer(({ method, headers }, response) => {
    shown.push(headers.authorization ?? '')
    if (method === 'PUT') {
      const body = { status: 403, detail: 'This needs the role operator.', needed_role: 'operator' }
      return response.writeHead(403, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body))
    }
    return response.writeHead(200, { 'content-type': 'application/json' }).end('["web"]')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  home[Symbol.dispose]()
})

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function make(...words: string[]) {
  const { status, stdout, stderr } = await home.commctl(['token', ...words])
  const [token = '', entry = '{}', end] = stdout.split('\n')
  assert.deepEqual([status, stderr, end], [0, '', ''])
  return { token, entry: JSON.parse(entry) }
}

test('a token has 256 random bits, and its entry only the hash of it', async () => {
  const { token, entry } = await make('ci')
  assert.match(token, /^ctk_[\w-]{43}$/)
  assert.deepEqual(entry, { ci: { hash: sha256(token), role: 'viewer' } })
  assert.notEqual((await make('ci')).token, token)
})

test('it may have a role and a time, and the server takes it as it is', async () => {
  const { token, entry } = await make('ci', '--role', 'operator', '--days', '2')
  const left = Date.parse(entry.ci.expires) - Date.now()
  assert.ok(left > 86_400_000 && left <= 2 * 86_400_000)
  const filepath = home.write('tokens.json', entry)
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const auth = await openAuthentication([{ name: 'apitokens', filepath }], { log })
  const headers = { authorization: `Bearer ${token}` }
  const { identity } = await auth.authenticate({ headers, request: {} as never })
  assert.deepEqual(identity, { user: 'ci', role: 'operator' })
})

test('as JSON it is one object', async () => {
  const { stdout } = await home.commctl(['token', 'ci', '-o', 'json'])
  const { token, entry } = JSON.parse(stdout)
  assert.equal(entry.ci.hash, sha256(token))
})

test.each([
  [['ci', '--role', 'root'], roles.join(', ')],
  [['ci', '--days', '0'], 'from 1 to 99999'],
  [['ci', '--days', 'soon'], 'from 1 to 99999'],
  [['c i'], 'is no name for a token'],
])('%j is refused', async (words, message) => {
  const { status, stdout, stderr } = await home.commctl(['token', ...words])
  assert.deepEqual([status, stdout], [2, ''])
  assert.ok(stderr.includes(message), stderr)
})

test('commctl sends the token of its configuration, and before it the one of the environment', async () => {
  home.write('.commissaire.json', { endpoint, token: 'ctk_file', username: 'a', password: 'b' })
  await home.commctl(['cluster', 'list'])
  await home.commctl(['cluster', 'list'], { env: { COMMCTL_TOKEN: 'ctk_environment' } })
  assert.deepEqual(shown, ['Bearer ctk_file', 'Bearer ctk_environment'])
})

test('a file with a token that others may read is warned of, and a wrong one is not shown', async () => {
  const open = home.write('open.json', { endpoint, token: 'ctk_x' }, 0o644)
  assert.match((await home.commctl(['--config', open, 'cluster', 'list'])).stderr, /holds a token/)
  const wrong = home.write('wrong.json', { endpoint, token: 'two words' })
  const { status, stderr } = await home.commctl(['--config', wrong, 'cluster', 'list'])
  assert.equal(status, 2)
  assert.match(stderr, /"token" is a string; it must be a token/)
  assert.doesNotMatch(stderr, /two words/)
})

test('whoever has too small a role hears which one is needed, and not that the credentials are wrong', async () => {
  const { status, stderr } = await home.commctl(['cluster', 'create', 'web'])
  assert.equal(status, 2)
  assert.match(stderr, /This needs the role operator/)
  assert.doesNotMatch(stderr, /incorrect/)
})
