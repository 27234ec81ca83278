/** Authentication plugins by their names: those that come with the server, and modules of somebody's own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAuthenticators, pluginNames } from '../../src/auth/plugin-loader.ts'
import { operator, recordingLog } from '../world.ts'

const { log } = recordingLog()
const users = { a: { hash: operator.hash } }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'commissaire-plugins-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function moduleOf(name: string, source: string): Promise<string> {
  const path = join(folder, `${name}.mjs`)
  await writeFile(path, source)
  return path
}

test.each(['httpbasicauth', 'commissaire_http.authentication.httpbasicauth'])('%s is known', async (name) => {
  const [opened] = await openAuthenticators([{ name, users }], { log })
  expect(opened?.name).toBe('httpbasicauth')
})

test('the server comes with seven', () => {
  expect(pluginNames).toEqual([
    'httpbasicauth',
    'apitokens',
    'oidc',
    'httpauthclientcert',
    'keystonepasswordauth',
    'keystonetokenauth',
    'openshiftbearertokenauth',
  ])
})

test.each([
  ['keystone', '; did you mean "keystonepasswordauth"?'],
  ['httpbasicaut', '; did you mean "httpbasicauth"?'],
  ['toString', 'not a plugin of this server (httpbasicauth, apitokens, oidc,'],
  ['__proto__', 'not a plugin of this server'],
  ['./nowhere.ts', 'not found as a path or an installed package'],
  ['/nowhere/plugin.ts', 'not found as a path or an installed package'],
  ['@nobody/has-this', 'not found as a path or an installed package'],
])('"%s" is no plugin, and the error says what there is', async (name, message) => {
  const opening = openAuthenticators([{ name: 'httpbasicauth', users }, { name }], { log })
  await expect(opening).rejects.toThrow(`"authentication_plugins[1].name" is "${name}"`)
  await expect(openAuthenticators([{ name }], { log })).rejects.toThrow(message)
})

test('a module of somebody else is opened with its options and a log', async () => {
  const name = await moduleOf(
    'own',
    `export async function open(options, { log }) {
       log.info({}, 'opened')
       return { authenticate: async () => ({ user: options.user }) }
     }`,
  )
  const [opened] = await openAuthenticators([{ name, user: 'own' }], { log })
  expect(opened?.name).toBe(name)
  const identity = await opened?.authenticator.authenticate({} as never, { signal: AbortSignal.timeout(1) })
  expect(identity).toEqual({ user: 'own' })
})

test.each([
  ['no-open', 'export const opens = 1', 'which exports no function "open"'],
  ['throws', `throw new Error('broken')`, 'which fails to load: broken'],
  ['misses', `import 'not-there-at-all'`, 'which fails to load'],
  ['nothing', 'export async function open() {}', 'returned nothing with a function "authenticate"'],
  ['refuses', `export async function open() { throw new Error('no key') }`, 'is wrong: no key'],
])('a module that is wrong (%s) is refused, and why', async (file, source, message) => {
  const name = await moduleOf(file, source)
  await expect(openAuthenticators([{ name }], { log })).rejects.toThrow(message)
  await expect(openAuthenticators([{ name }], { log })).rejects.toMatchObject({ code: 'CONFIG' })
})

const keystone = { name: 'keystonepasswordauth', url: 'https://keystone:5000' }

test.each([
  [
    { ...keystone, urll: 'x' },
    '[0].urll" is not an option of keystonepasswordauth; allowed: url, domain, ca, timeout; did you mean "url"?',
  ],
  [{ name: 'keystonetokenauth' }, '[0].url" is missing'],
  [{ ...keystone, url: 'keystone:5000' }, '[0].url" must be a URL that begins with http:// or https://'],
  [{ ...keystone, url: 'https://user:pw@keystone' }, '[0].url" must not contain a user name'],
  [{ ...keystone, timeout: 'soon' }, '[0].timeout" must be'],
  [
    { ...keystone, ca: '/nowhere.pem' },
    '[0].ca" is "/nowhere.pem", which cannot be read: there is no such file',
  ],
  [
    { ...keystone, url: 'http://localhost', ca: '/x' },
    '[0].ca" is "/x", but the address begins with http://',
  ],
  [{ name: 'openshiftbearertokenauth', openshift_endpoint: 7 }, '[0].openshift_endpoint" must be'],
  [{ name: 'httpauthclientcert', cn: '' }, '[0].cn" '],
  [
    { name: 'httpauthclientcert', 'common-name': 'x' },
    '[0].common_name" is not an option of httpauthclientcert; allowed: cn',
  ],
  [
    { name: 'httpbasicauth', filepath: '/nowhere.json' },
    '[0].filepath" is "/nowhere.json", which cannot be read (ENOENT)',
  ],
])('the options %j are refused', async (configuration, message) => {
  const opening = openAuthenticators([configuration], { log })
  await expect(opening).rejects.toThrow(`"authentication_plugins${message}`)
  await expect(opening).rejects.toMatchObject({ code: 'CONFIG' })
})
