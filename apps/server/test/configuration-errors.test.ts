/** Whatever is wrong with the configuration is said with file, key, value and remedy, and the program ends with 2. */
import { CertificateFolder } from '@commissaire/testing'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { program } from '../src/program.ts'
import { operator } from './world.ts'

const bin = fileURLToPath(new URL('../bin/commissaire-server.js', import.meta.url))
const taken = createServer()
let files: CertificateFolder
let conf: string

beforeAll(async () => {
  files = new CertificateFolder()
  conf = files.at('commissaire.conf')
  files.selfSigned('server')
  files.selfSigned('other')
  files.during('old', ['20200101000000Z', '20200201000000Z'])
  files.during('early', ['20900101000000Z', '20910101000000Z'])
  files.write('mixed.pem', files.read('server.key') + files.read('other.crt'))
  files.write('empty.pem', '')
  files.write('words.pem', 'these are words')
  files.write('broken.pem', files.read('server.key') + broken(files.read('server.crt')))
  files.write('broken-users.json', '{"alice": {"hash": "hunter2"}}')
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  taken.close()
  files[Symbol.dispose]()
})

const broken = (pem: string) => pem.replace(/\n[^\n]+\n/, '\nAAAA\n')

interface Ended {
  readonly code: unknown
  readonly said: string
}

/** Runs the program in this process, which is faster; it returns as soon as it has said what is wrong. */
async function run(content: string, flags: readonly string[] = []): Promise<Ended> {
  const file = files.write('commissaire.conf', content)
  const lines: string[] = []
  const spy = vi.spyOn(console, 'error').mockImplementation((line) => void lines.push(String(line)))
  const before = process.exitCode
  try {
    await program.main(['-c', file, ...flags])
    return { code: process.exitCode, said: lines.join('\n') }
  } finally {
    process.exitCode = before
    spy.mockRestore()
  }
}

/** Runs it as an operator does. */
async function runAlone(content: string): Promise<Ended> {
  const file = files.write('commissaire.conf', content)
  const child = spawn(process.execPath, [bin, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code, said }
}

/** All that a server needs, on a bus in memory. */
const whole = {
  'listen-interface': '127.0.0.1',
  'listen-port': 0,
  'bus-uri': 'memory://',
  'authentication-plugins': [{ name: 'httpbasicauth', users: { a: { hash: operator.hash } } }],
}

interface Case {
  readonly is: object
  /** What is said after the name of the file; `%` stands for the folder of certificates. */
  readonly said: string
  readonly and?: string
}

const plugin = (entry: object) => ({ 'authentication-plugins': [entry] })
const keystone = { name: 'keystonepasswordauth', url: 'https://keystone.example.com:5000' }
const first = 'authentication_plugins[0]'

const cases: Record<string, Case> = {
  'an unknown key': {
    is: { 'listen-prot': 1 },
    said: '"listen-prot" is no known key',
    and: 'did you mean "listen_port"?',
  },
  'a port that is no number': {
    is: { 'listen-port': 'http' },
    said: '"listen_port" is "http"',
    and: 'allowed: a number',
  },
  'a port that is too large': { is: { 'listen-port': 65_536 }, said: '"listen_port" is 65536', and: '65535' },
  'a port with a fraction': { is: { 'listen-port': 80.5 }, said: '"listen_port" is 80.5' },
  'an interface of another machine': {
    is: { 'listen-interface': '192.0.2.1' },
    said: '"listen_interface" is "192.0.2.1"',
    and: 'ip addr',
  },
  'a list that is none': {
    is: { 'self-auths': '/x' },
    said: '"self_auths" is "/x"',
    and: 'allowed: an array',
  },
  'a path that does not begin': { is: { 'self-auths': ['x'] }, said: '"self_auths[0]" is "x"', and: '"/"' },
  'a switch that is none': {
    is: { 'bus-calls': 'maybe' },
    said: '"bus_calls" is "maybe"',
    and: 'allowed: a boolean',
  },
  'a bus of no known kind': {
    is: { 'bus-uri': 'redsi://x' },
    said: '"bus_uri" is "redsi://x"',
    and: 'redis://',
  },
  'a bus that is no URL': { is: { 'bus-uri': 'here' }, said: '"bus_uri" is "here"', and: 'not a URL' },
  'a PEM file that is not there': {
    is: { 'tls-pemfile': '/nowhere.pem' },
    said: '"tls_pemfile" is "/nowhere.pem"',
    and: 'there is no such file',
  },
  'a PEM file that is a folder': {
    is: { 'tls-pemfile': '%' },
    said: '"tls_pemfile" is "%"',
    and: 'it is a folder',
  },
  'a PEM file that is empty': {
    is: { 'tls-pemfile': '%/empty.pem' },
    said: '"tls_pemfile" is "%/empty.pem", which is empty',
  },
  'a PEM file of words': {
    is: { 'tls-pemfile': '%/words.pem' },
    said: '"tls_pemfile" is "%/words.pem", which is not a PEM file',
  },
  'a PEM file without a key': {
    is: { 'tls-pemfile': '%/server.crt' },
    said: '"tls_pemfile" is "%/server.crt", which has no private key',
  },
  'a PEM file without a certificate': {
    is: { 'tls-pemfile': '%/server.key' },
    said: '"tls_pemfile" is "%/server.key", which has a private key but no certificate',
  },
  'a key that does not match': {
    is: { 'tls-pemfile': '%/mixed.pem' },
    said: 'a first certificate (CN=other) that belongs to another private key',
  },
  'a broken certificate': {
    is: { 'tls-pemfile': '%/broken.pem' },
    said: '"tls_pemfile" is "%/broken.pem", which has an invalid certificate',
  },
  'an expired certificate': {
    is: { 'tls-pemfile': '%/old.pem' },
    said: 'has a certificate (CN=old) that expired on 2020-02-01',
    and: 'renew it',
  },
  'a certificate of tomorrow': {
    is: { 'tls-pemfile': '%/early.pem' },
    said: 'that is not valid before 2090-01-01',
  },
  'authorities without TLS': {
    is: { 'tls-clientverifyfile': '/x' },
    said: '"tls_clientverifyfile" is set without "tls_pemfile"',
  },
  'authorities that are empty': {
    is: { 'tls-pemfile': '%/server.pem', 'tls-clientverifyfile': '%/empty.pem' },
    said: '"tls_clientverifyfile" is "%/empty.pem", which is empty',
  },
  'authorities without a certificate': {
    is: { 'tls-pemfile': '%/server.pem', 'tls-clientverifyfile': '%/server.key' },
    said: '"tls_clientverifyfile" is "%/server.key", which has no certificate',
  },
  'an expired authority': {
    is: { 'tls-pemfile': '%/server.pem', 'tls-clientverifyfile': '%/old.crt' },
    said: '"tls_clientverifyfile" is "%/old.crt"',
    and: 'expired on',
  },
  'an unknown plugin': {
    is: plugin({ name: 'keystone' }),
    said: `"${first}.name" is "keystone"`,
    and: 'did you mean "keystonepasswordauth"?',
  },
  'a plugin without a name': { is: plugin({}), said: `"${first}.name" is missing` },
  'a plugin that is a text': {
    is: { 'authentication-plugins': ['httpbasicauth'] },
    said: `"${first}" is "httpbasicauth"`,
    and: 'allowed: an object',
  },
  'an unknown option of a plugin': {
    is: plugin({ ...keystone, domian: 'x' }),
    said: `"${first}.domian" is not an option of keystonepasswordauth`,
    and: 'did you mean "domain"?',
  },
  'a wrong option of a plugin': {
    is: plugin({ ...keystone, url: 'keystone' }),
    said: `"${first}.url" must be a URL`,
  },
  'authorities of a peer that are not there': {
    is: plugin({ ...keystone, ca: '/nowhere.pem' }),
    said: `"${first}.ca" is "/nowhere.pem"`,
    and: 'there is no such file',
  },
  'users without anybody': {
    is: plugin({ name: 'httpbasicauth' }),
    said: `"${first}" is wrong: httpbasicauth has no users`,
  },
  'users in a file that is not there': {
    is: plugin({ name: 'httpbasicauth', filepath: '/nowhere' }),
    said: `"${first}.filepath" is "/nowhere"`,
  },
  'users with a password for a hash': {
    is: plugin({ name: 'httpbasicauth', filepath: '%/broken-users.json' }),
    said: `"${first}.filepath" is "%/broken-users.json"`,
    and: 'must be bcrypt',
  },
  'client certificates that nobody asks for': {
    is: plugin({ name: 'httpauthclientcert' }),
    said: `"${first}" is wrong: httpauthclientcert would deny everybody`,
    and: 'set "tls_clientverifyfile"',
  },
}

test.for(Object.entries(cases))('%s', async ([, { is, said, and = '' }]) => {
  const here = (words: string) => words.replaceAll('%', files.folder)
  const ended = await run(here(JSON.stringify({ ...whole, ...is })))
  expect(ended.said).toContain(`commissaire-server: ${conf}: `)
  expect(ended.said).toContain(here(said))
  expect(ended.said).toContain(and)
  expect(ended.said).not.toContain('hunter2')
  expect(ended.code).toBe(2)
})

test.for([
  ['an expired certificate', { 'tls-pemfile': '%/old.pem' }, 'that expired on 2020-02-01'],
  ['an unknown plugin', plugin({ name: 'keystone' }), 'did you mean "keystonepasswordauth"?'],
  ['a port that is taken', { 'listen-port': 0 }, 'and another program listens there'],
] as const)('%s, in a process of its own', { timeout: 60_000 }, async ([, is, said]) => {
  const { port } = taken.address() as AddressInfo
  const content = JSON.stringify({ ...whole, 'listen-port': port, ...('listen-port' in is ? {} : is) })
  const ended = await runAlone(content.replaceAll('%', files.folder))
  expect(ended.said).toContain(said)
  expect(ended.said).not.toContain('The server is listening')
  expect(ended.code).toBe(2)
})

test('a file that is no JSON, or is not there', async () => {
  expect(await run('{"listen-port": ')).toMatchObject({
    code: 2,
    said: expect.stringContaining(`${conf}: is not JSON`),
  })
  expect(await run('[]')).toMatchObject({
    code: 2,
    said: expect.stringContaining(`${conf}: must be a JSON object`),
  })
  const missing = await run('{}', ['-c', '/nowhere.conf'])
  expect(missing).toMatchObject({
    code: 2,
    said: expect.stringContaining('/nowhere.conf: there is no such file'),
  })
})

test('what a flag says is named as the flag', async () => {
  const flag = ['--authentication-plugin', 'keystonetokenauth:url=ftp://x']
  const { code, said } = await run(JSON.stringify(whole), flag)
  expect(said).toContain(
    'commissaire-server: --authentication-plugin[0].url must be a URL that begins with http',
  )
  expect(code).toBe(2)
})
