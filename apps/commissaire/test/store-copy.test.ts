/** `commissaire store copy`, as a person types it, between data folders, SQLite files and a real etcd. */
import { etcdIsThere, EtcdServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster, ClusterDeploy, Host, HostCreds, parseModel } from '@commissaire/models'
import { Store } from '@commissaire/storage'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDataFolder } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'commissaire-copy-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const directory = () => mkdtempSync(join(root, 'd-'))

interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

function copy(...args: readonly string[]): Promise<Ended> {
  const program = join(import.meta.dirname, '../bin/commissaire.js')
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'store', 'copy', ...args], (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

const key = 'ZmFrZSBrZXk='

/** A data folder with some of everything. */
async function filledFolder(hosts = 3): Promise<string> {
  const path = directory()
  using folder = openDataFolder(path)
  await using store = await Store.open({}, { dataDir: path, keyFile: folder.sealingKey })
  const addresses = Array.from({ length: hosts }, (_, number) => `10.0.0.${number}`)
  const parse = (address: string) => ({
    model: parseModel(Host, { address, facts: { long: 'x'.repeat(3000) } }),
  })
  await store.save(Host, addresses.map(parse))
  await store.save(Cluster, [{ model: parseModel(Cluster, { name: 'web', hostset: addresses }) }])
  await store.save(ClusterDeploy, [{ model: parseModel(ClusterDeploy, { name: 'web', version: '1' }) }])
  await store.save(HostCreds, [{ model: parseModel(HostCreds, { address: '10.0.0.1', ssh_priv_key: key }) }])
  return path
}

async function read(dataDir: string, keyFile = join(dataDir, 'sealing.key')) {
  await using store = await Store.openAsIs({}, { dataDir, keyFile })
  const [hosts, creds] = [await store.list({ of: Host }), await store.get(HostCreds, '10.0.0.1')]
  return { hosts: hosts.length, key: creds.ssh_priv_key, deploy: await store.get(ClusterDeploy, 'web') }
}

function digests({ stdout }: Ended): string[] {
  return [...stdout.matchAll(/^([0-9a-f]{64}) {2}/gm)].map(([, digest = '']) => digest)
}

test('a data folder is copied into a new one, with keys of its own', async () => {
  const [from, to] = [await filledFolder(), join(directory(), 'new')]
  const ended = await copy(from, to)
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  expect(ended.stdout).toContain(
    'Copied 7 models: 3 Host, 1 HostCreds, 1 Cluster, 1 ClusterDeploy, 1 Network\n',
  )
  expect(new Set(digests(ended)).size).toBe(1)
  expect(await read(to)).toMatchObject({ hosts: 3, key, deploy: { version: '1' } })
  await expect(read(to, join(from, 'sealing.key'))).rejects.toMatchObject({ kind: 'sealed' })
})

test('what is not empty is left alone, unless one says that it is to be merged', async () => {
  const [from, to] = [await filledFolder(), await filledFolder(5)]
  const refused = await copy(from, to)
  expect(refused.status).toBe(1)
  expect(refused.stderr).toMatch(/The target is not empty: it has 5 Host.*Nothing was copied. With --merge/s)
  const merged = await copy('--merge', from, to)
  expect([merged.status, new Set(digests(merged)).size]).toEqual([0, 1])
  expect((await read(to)).hosts).toBe(5)
})

test('a folder that a commissaire uses is not touched', async () => {
  const from = await filledFolder()
  using _held = openDataFolder(from)
  const { status, stderr } = await copy(from, join(directory(), 'new'))
  expect(status).toBe(1)
  expect(stderr).toContain('is in use by another commissaire')
})

test('a copy of a secret that cannot be opened is not called done', async () => {
  const from = await filledFolder()
  writeFileSync(join(from, 'sealing.key'), `${Buffer.alloc(32).toString('base64')}\n`)
  const { status, stdout, stderr } = await copy(from, join(directory(), 'new'))
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/HostCreds 10.0.0.1 cannot be opened.*NOT copied/s)
})

const mistakes: [sentence: string, args: string[], stderr: RegExp][] = [
  ['one place alone', ['a'], /takes FROM and TO, and was given 1/],
  ['an unknown flag', ['--force', 'a', 'b'], /--force/],
  ['a place that is not there', ['/nosuch', '/nosuch2'], /FROM: there is no \/nosuch\/commissaire.db/],
  ['etcd on both sides without keys', ['http://a', 'http://b'], /name it with --from-key/],
  ['the same place twice', ['/nosuch', '/nosuch/'], /the same store/],
]

for (const [sentence, args, stderr] of mistakes) {
  test(`${sentence} is a usage error and tells where help is`, async () => {
    const ended = await copy(...args)
    expect(ended.status).toBe(2)
    expect(ended.stderr).toMatch(stderr)
    expect(ended.stderr).toContain('See: commissaire store copy --help')
  })
}

test('help says what a place may be, with examples', async () => {
  const { status, stdout } = await copy('--help')
  expect(status).toBe(0)
  for (const text of ['Usage:', '--merge', 'http://127.0.0.1:2379', 'storage.conf', 'Examples:'])
    expect(stdout).toContain(text)
})

describe.runIf(etcdIsThere())('with etcd', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start()
  }, 30_000)
  beforeEach(async () => void (await server.etcdctl('del', '--prefix', '/commissaire/')))
  afterAll(() => server.close())

  test('everything goes to etcd and back, and is the same', async () => {
    const [from, back] = [await filledFolder(700), join(directory(), 'back')]
    const there = await copy(from, server.url)
    expect(there).toMatchObject({ status: 0 })
    const sealed = await server.etcdctl('get', '--print-value-only', '/commissaire/hostcreds/10.0.0.1')
    expect(sealed).toMatch(/^sealed:1:/)
    const again = await copy(server.url, back, '--from-key', join(from, 'sealing.key'))
    expect(again.status).toBe(0)
    expect(new Set([...digests(there), ...digests(again)]).size).toBe(1)
    expect(await read(back)).toMatchObject({ hosts: 700, key })
  }, 60_000)

  test('a storage configuration is a place, too', async () => {
    const [from, dataDir] = [await filledFolder(), directory()]
    const conf = join(dataDir, 'storage.conf')
    const handlers = [{ type: 'etcd', server_url: server.url }]
    writeFileSync(
      conf,
      JSON.stringify({ bus_uri: 'redis://x/', data_dir: dataDir, storage_handlers: handlers }),
    )
    copyFileSync(join(from, 'sealing.key'), join(dataDir, 'vault.key'))
    expect(await copy(from, conf)).toMatchObject({ status: 0, stderr: '' })
    await using store = await Store.openAsIs({ storage_handlers: handlers }, { dataDir })
    assert.equal((await store.get(HostCreds, '10.0.0.1')).ssh_priv_key, key)
  })

  test('an etcd that is killed in the middle is no copy, and merging completes it', async () => {
    const from = await filledFolder(700)
    const copying = copy(from, server.url)
    await expect
      .poll(() => server.etcdctl('get', '/commissaire/hosts/10.0.0.1'), { timeout: 20_000 })
      .not.toBe('')
    await server.kill()
    const { status, stderr, stdout } = await copying
    await server.restart()
    if (status !== 0) {
      expect(stdout).not.toContain('Copied')
      expect(stderr).toContain('NOT copied')
    }
    const merged = await copy('--merge', from, server.url)
    expect([merged.status, new Set(digests(merged)).size]).toEqual([0, 1])
  }, 60_000)
})
