/** Host keys that a host reports when it registers: checked, and the best of them pinned. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Host } from '@commissaire/models'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { openWorld, type World } from './world.ts'

const key = 'ZmFrZSBrZXk='
const folder = mkdtempSync(join(tmpdir(), 'host-keys-'))
let world: World

beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world[Symbol.asyncDispose]())
afterAll(() => rmSync(folder, { recursive: true }))

/** A real public key, as `ssh-keygen` writes it: type, key and comment. */
function publicKey(type: string, bits: string[] = []): string {
  const file = join(folder, `${type}-${Math.random()}`)
  execFileSync('ssh-keygen', ['-q', '-t', type, ...bits, '-N', '', '-C', 'root@web 1', '-f', file])
  return readFileSync(`${file}.pub`, 'utf8')
}

const ed25519 = publicKey('ed25519')
const other = publicKey('ed25519')
const ecdsa = publicKey('ecdsa', ['-b', '384'])
const rsa = publicKey('rsa', ['-b', '2048'])
const plain = (line: string) => line.split(' ').slice(0, 2).join(' ')
const pinned = async () => (await world.storage.get(Host, '10.2.0.2')).host_key
const register = (host_keys: unknown, body: object = { ssh_priv_key: key }) =>
  world.ask('PUT', '/host', { address: '10.2.0.2', host_keys, ...body })

test('the best of the reported keys is pinned before the first contact', async () => {
  expect((await register([rsa, ecdsa, ed25519])).statusCode).toBe(201)
  expect(await pinned()).toBe(plain(ed25519))
})

test('an older host is pinned by what it has, and keys of unknown types are left out', async () => {
  const unknown = `ssh-future ${Buffer.from(`\0\0\0\nssh-future${'x'.repeat(32)}`, 'latin1').toString('base64')}`
  await register([unknown, rsa])
  expect(await pinned()).toBe(plain(rsa))
})

test.each([[undefined], [null], [[]]])('without keys, given as %j, nothing is pinned yet', async (keys) => {
  expect((await register(keys)).statusCode).toBe(201)
  expect(await pinned()).toBe('')
})

test.each([
  ['no list', 'ssh-ed25519 AAAA'],
  ['no key', ['nonsense']],
  ['a private key', ['-----BEGIN OPENSSH PRIVATE KEY-----']],
  ['a key under the name of another type', [ed25519.replace('ssh-ed25519', 'ssh-rsa')]],
  ['a key that was cut off', [plain(ed25519).slice(0, 40)]],
  [
    'only keys that nobody can check',
    [`ssh-dss ${Buffer.from(`\0\0\0\x07ssh-dss${'x'.repeat(32)}`).toString('base64')}`],
  ],
  ['a thousand keys', Array.from({ length: 1000 }, () => ed25519)],
])('%s is refused, and nothing is kept', async (_what, keys) => {
  const answer = await register(keys)
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ faults: [{ path: expect.stringContaining('host_keys') }] })
  expect(await world.storage.find(Host, '10.2.0.2')).toBeUndefined()
})

test('the same again is answered with the host; another host key is a conflict and changes nothing', async () => {
  await register([ed25519])
  expect((await register([ed25519, rsa])).statusCode).toBe(201)
  const answer = await register([other])
  expect(answer.statusCode).toBe(409)
  expect(answer.json().detail).toMatch(/another host key is pinned/)
  expect(await pinned()).toBe(plain(ed25519))
})

test('a host that was added without its keys may report them until it is reached', async () => {
  await register(undefined)
  await register([ed25519])
  expect(await pinned()).toBe(plain(ed25519))
})

test('the private key of another host changes no pin', async () => {
  await register(undefined)
  expect((await register([ed25519], { ssh_priv_key: 'b3RoZXI=' })).statusCode).toBe(409)
  expect(await pinned()).toBe('')
})
