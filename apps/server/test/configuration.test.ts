/** The settings of `commissaire-server`: flag over environment over file over default. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { program } from '../src/program.ts'
import { webhookEvents } from '../src/webhooks/webhook-settings.ts'

let folder: string
let file: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'commissaire-conf-'))
  file = join(folder, 'commissaire.conf')
  const content = {
    'listen-interface': '127.0.0.1',
    'listen-port': 8001,
    'tls-pemfile': '/etc/pem',
    'tls-clientverifyfile': '/etc/ca',
    'bus-uri': 'redis://elsewhere:6379/',
    'bus-exchange': 'other',
    'authentication-plugins': [{ name: 'httpbasicauth', users: { a: { hash: 'h' } } }],
    'self-auths': ['/x'],
    debug: true,
  }
  await writeFile(file, JSON.stringify(content))
})

afterAll(() => rm(folder, { recursive: true }))

test('without anything it listens everywhere, at 8000, and lets nobody in', () => {
  expect(program.settings(['--no-config-file'], {})).toMatchObject({
    listen_interface: '0.0.0.0',
    listen_port: 8000,
    authentication_plugins: [],
    self_auths: [],
    bus_exchange: 'commissaire',
    debug: false,
  })
})

test.each(['-c', '--config', '--config-file'])('%s names the file, whose keys have dashes', (flag) => {
  expect(program.settings([flag, file], {})).toEqual({
    listen_interface: '127.0.0.1',
    max_requests: 128,
    listen_port: 8001,
    tls_pemfile: '/etc/pem',
    tls_clientverifyfile: '/etc/ca',
    bus_uri: 'redis://elsewhere:6379/',
    bus_exchange: 'other',
    authentication_plugins: [{ name: 'httpbasicauth', users: { a: { hash: 'h' } } }],
    self_auths: ['/x'],
    bus_calls: false,
    webhooks: [],
    debug: true,
  })
})

test('a flag wins over the environment, and that over the file', () => {
  const environment = { COMMISSAIRE_LISTEN_PORT: '8002', COMMISSAIRE_BUS_EXCHANGE: 'third' }
  expect(program.settings(['-c', file, '-p', '8003'], environment)).toMatchObject({
    listen_interface: '127.0.0.1',
    listen_port: 8003,
    bus_exchange: 'third',
  })
})

test('plugins come from flags with their options, in order', () => {
  const flags = [
    '--authentication-plugin',
    'httpbasicauth:filepath=/a=b,other=c:d',
    '--authentication-plugin',
    'httpbasicauth',
    '--self-auth',
    '/a',
    '--self-auth',
    '/b',
  ]
  expect(program.settings(['--no-config-file', ...flags], {})).toMatchObject({
    authentication_plugins: [
      { name: 'httpbasicauth', filepath: '/a=b', other: 'c:d' },
      { name: 'httpbasicauth' },
    ],
    self_auths: ['/a', '/b'],
  })
})

test.each([
  [['--authentication-plugin', 'httpbasicauth:filepath'], '"filepath" is not an option'],
  [['--listen-port', 'abc'], 'allowed: a number'],
  [['--listen-port', '65536'], '65536'],
  [['--self-auth', 'x'], 'self'],
])('%j is refused', (flags, message) => {
  expect(() => program.settings(['--no-config-file', ...flags], {})).toThrow(message)
})

test('an unknown key is named, with the file and what is allowed', async () => {
  const wrong = join(folder, 'wrong.conf')
  await writeFile(wrong, '{"listen-prot": 1}')
  expect(() => program.settings(['-c', wrong], {})).toThrow(`${wrong}: "listen-prot" is no known key`)
})

test('a webhook has its secret in a file or in place, and all events unless it says which', async () => {
  await writeFile(join(folder, 'secret'), 'a secret of some length\n')
  const withHooks = async (webhook: object) => {
    const path = join(folder, 'hooks.conf')
    await writeFile(path, JSON.stringify({ webhooks: [{ url: 'https://there.example/x', ...webhook }] }))
    return program.settings(['-c', path], {}).webhooks
  }
  const [hook] = await withHooks({ secret_file: join(folder, 'secret') })
  expect(hook).toMatchObject({ secret: 'a secret of some length', events: webhookEvents })
  for (const wrong of [{}, { secret: 'short' }, { secret: 'x'.repeat(16), url: 'ftp://x/' }])
    await expect(withHooks(wrong)).rejects.toThrow(/webhooks\[0\]\.(secret|url)/)
  const mistyped = { secret: 'x'.repeat(16), events: ['operation.finish'] }
  await expect(withHooks(mistyped)).rejects.toThrow(/operation\.finished/)
})
