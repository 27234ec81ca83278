/** A configuration that cannot be meant is an error with file, key, value and remedy, before anything is opened. */
import { type Authority, makeAuthority } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { Store } from '../src/index.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()()
const at = (name: string, content: string) => {
  writeFileSync(join(directory, name), content)
  return join(directory, name)
}
const example = join(import.meta.dirname, '../../../examples/store-handlers/http-inventory.ts')

let authority: Authority
beforeAll(() => (authority = makeAuthority()))
afterAll(() => authority[Symbol.dispose]())

type Mistake = [sentence: string, handler: () => object, message: string | RegExp]

const pair = ({ certificate, key }: Authority['client']) => ({
  certificate_path: certificate,
  certificate_key_path: key,
})
const tls = (more: object) => ({ type: 'etcd', server_url: 'https://etcd:2379', ...more })

const etcdMistakes: Mistake[] = [
  [
    'a server without a scheme',
    () => ({ type: 'etcd', server_url: '127.0.0.1:2379' }),
    /server_url\[0\]" is "127.0.0.1:2379"; write it as http:\/\/HOST:2379 or https:\/\/HOST:2379/,
  ],
  [
    'the second of several servers with a path',
    () => ({ type: 'etcd', server_url: 'http://a:2379, http://b:2379/v3' }),
    /server_url\[1\]" is "http:\/\/b:2379\/v3"; write it as/,
  ],
  [
    'a password in the address',
    () => ({ type: 'etcd', server_url: 'http://me:secret@a:2379' }),
    /name and password as "username" and "password"/,
  ],
  ['no server', () => ({ type: 'etcd', server_url: [] }), /server_url" must not be empty/],
  [
    'a number for a server',
    () => ({ type: 'etcd', server_url: 2379 }),
    /server_url" must be a list, is a number/,
  ],
  [
    'http and https together',
    () => ({ type: 'etcd', server_url: ['http://a:1', 'https://b:1'] }),
    /server_url" is "http:\/\/a:1", while another begins with https:\/\/; write all of them with https/,
  ],
  [
    'a certificate without TLS',
    () => ({ type: 'etcd', server_url: 'http://a:1', ...pair(authority.client) }),
    /server_url" is "http:\/\/a:1", while "certificate_path" is given; write https:\/\//,
  ],
  [
    'a certificate without its key',
    () => tls({ certificate_path: authority.client.certificate }),
    /certificate_key_path" is missing, while "certificate_path" is given; give both or neither/,
  ],
  [
    'a user without a password',
    () => tls({ username: 'me' }),
    /"storage_handlers\[0\].password" is missing, while/,
  ],
  [
    'a certificate that is not there',
    () => tls({ certificate_path: '/nosuch.pem', certificate_key_path: authority.client.key }),
    /certificate_path" is "\/nosuch.pem", which is not there; give the path of a file in PEM/,
  ],
  [
    'a directory for an authority',
    () => tls({ certificate_ca_path: directory }),
    /certificate_ca_path" is ".*", which is a directory; give the path/,
  ],
  [
    'an authority that is no certificate',
    () => tls({ certificate_ca_path: at('not.pem', 'hello') }),
    /certificate_ca_path" is ".*not.pem", which holds no certificate in PEM; it should begin with -----BEGIN/,
  ],
  [
    'a certificate whose time is over',
    () => tls(pair(authority.expired)),
    /certificate_path" is ".*expired.crt", which expired on \d{4}-\d\d-\d\d; put a new one there/,
  ],
  [
    'the key of another certificate',
    () => tls({ certificate_path: authority.client.certificate, certificate_key_path: authority.server.key }),
    /certificate_key_path" is ".*server.key", which belongs to another certificate than "certificate_path"; give/,
  ],
  [
    'a key that is none',
    () => tls({ certificate_path: authority.client.certificate, certificate_key_path: at('no.key', 'x') }),
    /certificate_key_path" is ".*no.key", which holds no private key in PEM without a passphrase; give one/,
  ],
  ['a time that is too short', () => tls({ timeout: 1 }), /timeout" must be 100 or more, is 1/],
  [
    'an unknown option',
    () => tls({ certificate: 'x' }),
    /"storage_handlers\[0\]" has "certificate", which is not known; known: server_url, certificate_path/,
  ],
]

const moduleMistakes: Mistake[] = [
  [
    'a module that is not there',
    () => ({ type: './nosuch.ts' }),
    /"storage_handlers\[0\].type" is "\.\/nosuch.ts"; allowed: .* the path of a module/,
  ],
  [
    'a package that is not there',
    () => ({ type: 'no-such-package' }),
    /is "no-such-package"; allowed: .*installed/,
  ],
  [
    'a module that is no handler',
    () => ({ type: at('empty.mjs', 'export const lasting = true') }),
    /empty.mjs", which is no store handler; it must export "options", "lasting" and "open"/,
  ],
  [
    'a module that fails',
    () => ({ type: at('broken.mjs', 'throw new Error("out of order")') }),
    /broken.mjs", which fails: out of order/,
  ],
  [
    'an option that a module does not know',
    () => ({ type: example, url: 'http://a/', tokn: 'x' }),
    /"storage_handlers\[0\]" has "tokn", which is not known; known: url, token, timeout, max_age/,
  ],
  [
    'models for what can only be read',
    () => ({ type: example, url: 'http://a/', models: ['Host'] }),
    /"storage_handlers\[0\].models" is given, but http-inventory can only be read; leave it out/,
  ],
]

describe.each([
  ['etcd', etcdMistakes],
  ['a module', moduleMistakes],
])('of %s', (_name, mistakes) => {
  for (const [sentence, handler, message] of mistakes) {
    test(`${sentence} is named with what to do`, async () => {
      const file = join(directory, 'storage.conf')
      const opening = Store.open(
        { storage_handlers: [handler() as { type: string }] },
        { file, dataDir: directory },
      )
      await assert.rejects(opening, (error: Error) => {
        assert.equal(error.name, 'ConfigurationError')
        assert.ok(error.message.startsWith(`${file}: "storage_handlers[0]`), error.message)
        assert.match(error.message, new RegExp(message))
        assert.doesNotMatch(error.message, /secret@/)
        return true
      })
    })
  }
})

test('a module is found beside the configuration, and is called as its file', async () => {
  at('shelf.mjs', "export * from '" + example + "'")
  const file = join(directory, 'storage.conf')
  const handlers = [{ type: './shelf.mjs', url: 'http://127.0.0.1:1/' }, { type: 'memory' }]
  await using store = await Store.open({ storage_handlers: handlers }, { file, dataDir: directory })
  assert.deepEqual(
    store.describe().map(({ handler_type, config }) => [handler_type, config['name']]),
    [
      ['./shelf.mjs', 'shelf'],
      ['memory', 'memory'],
    ],
  )
})
