/** `commctl host ssh` against a real sshd on a free port. */
import { freePort, until } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Host, HostCreds, parseModel } from '@commissaire/models'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openWorld, type World } from './world.ts'

const sshd = ['/usr/sbin/sshd', '/usr/bin/sshd'].find((path) => existsSync(path))
if (!sshd && process.env.CI)
  throw new Error('sshd is missing; install it with: apt-get install openssh-server')
if (!sshd)
  console.warn(
    'Skipping the tests of host ssh: sshd is missing. Install it with: apt-get install openssh-server',
  )

describe.skipIf(!sshd)('host ssh', () => {
  let world: World
  let daemon: ChildProcess
  let port: number
  let hostKey: string
  /** Where the private folders appear. */
  let runtime: string

  beforeAll(async () => {
    world = await openWorld()
    const folder = join(world.home.path, 'sshd')
    runtime = join(world.home.path, 'runtime')
    for (const path of [folder, runtime]) mkdirSync(path, { mode: 0o700 })
    for (const name of ['host', 'other', 'client']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, name)])
    }
    writeFileSync(join(folder, 'authorized_keys'), readFileSync(join(folder, 'client.pub')), { mode: 0o600 })
    hostKey = readFileSync(join(folder, 'host.pub'), 'utf8').trim()
    port = await freePort()
    daemon = spawn(sshd ?? '', ['-D', '-e', '-f', configure(folder)], { stdio: 'ignore' })
    await until(() => accepts(port), 'the start of sshd')
    await register(readFileSync(join(folder, 'client')))
  })
  afterAll(async () => {
    daemon.kill()
    await world[Symbol.asyncDispose]()
  })

  function configure(folder: string): string {
    mkdirSync('/run/sshd', { recursive: true })
    const lines = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/authorized_keys`,
      `PidFile ${folder}/pid`,
      'StrictModes no',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
    ]
    return world.home.write('sshd_config', `${lines.join('\n')}\n`)
  }

  async function register(key: Buffer): Promise<void> {
    const creds = {
      address: '127.0.0.1',
      ssh_priv_key: key.toString('base64'),
      remote_user: userInfo().username,
    }
    await world.storage.save(HostCreds, parseModel(HostCreds, creds))
    await pin(hostKey)
  }

  async function pin(host_key: string): Promise<void> {
    await world.storage.save(Host, parseModel(Host, { address: '127.0.0.1', status: 'active', host_key }))
  }

  const ssh = (words: readonly string[], options = {}) =>
    world.home.commctl(['host', 'ssh', '127.0.0.1', '-p', String(port), ...words], {
      ...options,
      env: { XDG_RUNTIME_DIR: runtime },
    })

  test('runs a command on the host, and leaves no key behind', async () => {
    const { status, stdout, stderr } = await ssh(['echo', 'hello'])
    assert.deepEqual([status, stdout], [0, 'hello\n'], stderr)
    assert.deepEqual(readdirSync(runtime), [])
  })

  test('ends with the status of the command', async () => {
    assert.equal((await ssh(['exit', '7'])).status, 7)
  })

  test('passes standard input on', async () => {
    assert.equal((await ssh(['cat'], { input: 'through' })).stdout, 'through')
  })

  test('accepts a pin that is a fingerprint', async () => {
    const shown = execFileSync('ssh-keygen', ['-l', '-f', '-'], { input: hostKey, encoding: 'utf8' })
    await pin(shown.split(' ')[1] ?? '')
    assert.equal((await ssh(['echo', 'hello'])).stdout, 'hello\n')
  })

  test.each(['another key', 'the fingerprint of another key'])(
    'refuses a host that shows %s',
    async (kind) => {
      const other = readFileSync(join(world.home.path, 'sshd/other.pub'), 'utf8').trim()
      const shown = execFileSync('ssh-keygen', ['-l', '-f', '-'], { input: other, encoding: 'utf8' })
      await pin(kind === 'another key' ? other : (shown.split(' ')[1] ?? ''))
      const { status, stdout, stderr } = await ssh(['echo', 'hello'])
      assert.deepEqual([status, stdout], [255, ''])
      assert.match(stderr, /Host key verification failed|HOST IDENTIFICATION HAS CHANGED/)
      await pin(hostKey)
    },
  )

  test('keeps the key where only its owner can read it, and removes it when told to end', async () => {
    const controller = new AbortController()
    const end = ssh(['sleep', '60'], { signal: controller.signal, killSignal: 'SIGTERM' })
    await until(() => readdirSync(runtime).length > 0, 'the private folder')
    const [folder = ''] = readdirSync(runtime)
    await until(() => existsSync(join(runtime, folder, 'known_hosts')), 'the files')
    const modes = execFileSync('stat', ['-c', '%a', join(runtime, folder), join(runtime, folder, 'key')], {
      encoding: 'utf8',
    })
    assert.equal(modes, '700\n600\n')
    controller.abort()
    const { status } = await end
    assert.ok(status > 128, `the status is ${status}`)
    assert.deepEqual(readdirSync(runtime), [])
  })

  test('of a host that the server does not know is no object', async () => {
    const { status, stdout } = await world.commctl('host ssh 192.0.2.99 uptime')
    assert.deepEqual([status, stdout], [0, 'No object found.\n'])
  })
})

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = createConnection(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
