/** Sealing, and the file the key is in. */
import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { Vault } from '../src/index.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()
const place = { model: 'HostCreds', key: '10.2.0.2' }
const secret = '{"ssh_priv_key":"c2VjcmV0"}'

test('what is sealed can be opened, and shows nothing of what is in it', () => {
  const vault = Vault.forThisProcess()
  const sealed = vault.seal(place, secret)
  assert.equal(vault.open(place, sealed), secret)
  assert.doesNotMatch(sealed, /ssh|c2Vj/)
})

test('the same text sealed twice does not look the same', () => {
  const vault = Vault.forThisProcess()
  assert.notEqual(vault.seal(place, secret), vault.seal(place, secret))
})

test('what was sealed for one host cannot be opened for another, nor as another model', () => {
  const vault = Vault.forThisProcess()
  const sealed = vault.seal(place, secret)
  for (const other of [
    { ...place, key: '10.2.0.3' },
    { ...place, model: 'Host' },
  ]) {
    assert.throws(() => vault.open(other, sealed), {
      kind: 'sealed',
      message: /changed by somebody, or belongs elsewhere/,
    })
  }
})

test('one changed bit anywhere is noticed', () => {
  const vault = Vault.forThisProcess()
  const [, start = '', content = ''] = /^(.*:)([^:]+)$/.exec(vault.seal(place, secret)) ?? []
  const bytes = Buffer.from(content, 'base64')
  for (let index = 0; index < bytes.length; index++) {
    const changed = Buffer.from(bytes)
    changed[index] = (changed[index] ?? 0) ^ 1
    assert.throws(() => vault.open(place, start + changed.toString('base64')), { kind: 'sealed' })
  }
})

test('what was cut off or never sealed is said to be that', () => {
  const vault = Vault.forThisProcess()
  const sealed = vault.seal(place, secret)
  for (const wrong of [secret, '', sealed.slice(0, 30), sealed.slice(0, 40)]) {
    assert.throws(() => vault.open(place, wrong), {
      kind: 'sealed',
      message: /^HostCreds 10\.2\.0\.2 cannot be opened: /,
    })
  }
})

test('the key file is made at the first start, for its owner alone, and used from then on', async () => {
  const file = join(directory(), 'new', 'vault.key')
  const sealed = (await Vault.fromFile(file)).seal(place, secret)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal((await Vault.fromFile(file)).open(place, sealed), secret)
})

test('processes that start at once make one key between them and leave nothing else behind', async () => {
  const folder = directory()
  const file = join(folder, 'vault.key')
  const vaults = await Promise.all(Array.from({ length: 20 }, () => Vault.fromFile(file)))
  for (const vault of vaults) assert.equal(vaults[0]?.open(place, vault.seal(place, secret)), secret)
  assert.deepEqual(readdirSync(folder), ['vault.key'])
})

test('a key file that others may read is refused, with the command that mends it', async () => {
  const file = join(directory(), 'vault.key')
  await Vault.fromFile(file)
  for (const mode of [0o640, 0o604, 0o620, 0o644]) {
    chmodSync(file, mode)
    await assert.rejects(Vault.fromFile(file), {
      message: `The key file ${file} has mode ${mode.toString(8)}, so that others may read it; run: chmod 600 ${file}`,
    })
  }
})

test('a damaged key file is refused and not replaced', async () => {
  const file = join(directory(), 'vault.key')
  for (const content of ['', '\n', 'c2hvcnQ=\n', 'no base64 of 32 bytes\n']) {
    writeFileSync(file, content, { mode: 0o600 })
    await assert.rejects(Vault.fromFile(file), {
      message: /is damaged: it should hold 32 bytes in base64; put back a copy/,
    })
    assert.equal(readFileSync(file, 'utf8'), content)
  }
})

test('with another key file the error says which key is missing where', async () => {
  const folder = directory()
  const sealed = (await Vault.fromFile(join(folder, 'one'))).seal(place, secret)
  const other = await Vault.fromFile(join(folder, 'other'))
  assert.throws(() => other.open(place, sealed), {
    message: new RegExp(
      `^HostCreds 10\\.2\\.0\\.2 cannot be opened: it was sealed with key [0-9a-f]{16}, which is not in ${folder}/other$`,
    ),
  })
})

test('a new key on top of the file seals from then on, and the old one still opens', async () => {
  const file = join(directory(), 'vault.key')
  const before = (await Vault.fromFile(file)).seal(place, secret)
  const fresh = Buffer.alloc(32, 7).toString('base64')
  writeFileSync(file, `${fresh}\n${readFileSync(file, 'utf8')}`)
  const vault = await Vault.fromFile(file)
  assert.equal(vault.open(place, before), secret)
  assert.notEqual(vault.seal(place, secret).split(':')[2], before.split(':')[2])
})
