import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, fingerprint, HostError, type Target } from '../src/index.ts'
import { FakeHost, keyPair, LocalSshd } from '../src/testing.ts'
import { hasSshd } from './sshd.ts'

/** The error that connecting ends with. */
async function failure(target: Target, options = {}): Promise<HostError> {
  const outcome = await connect(target, options).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof HostError) return outcome
  throw new Error(`expected a HostError, got ${String(outcome)}`)
}

describe.runIf(hasSshd)('with a real sshd', () => {
  let sshd: LocalSshd
  beforeAll(async () => void (sshd = await LocalSshd.start()))
  afterAll(() => sshd.close())

  test('the first contact accepts the host key and tells it', async () => {
    const { hostKey: _pin, ...unpinned } = sshd.target()
    await using remote = await connect(unpinned)
    expect(remote.hostKey).toBe(sshd.hostKey)
  })

  test('a pinned key opens, as a line of known_hosts or as a fingerprint', async () => {
    for (const hostKey of [sshd.hostKey, `${sshd.hostKey} a comment`, fingerprint(sshd.hostKey)]) {
      await using remote = await connect(sshd.target({ hostKey }))
      expect((await remote.run('echo in')).stdout).toBe('in\n')
    }
  })

  test('a host with several keys is asked for the pinned one', async () => {
    await using remote = await connect(sshd.target({ hostKey: sshd.publicHostKey('rsa') }))
    expect(remote.hostKey).toBe(sshd.publicHostKey('rsa'))
  })

  test('our fingerprint is the one of ssh-keygen', () => {
    const shown = execFileSync('ssh-keygen', ['-lf', '-'], { input: sshd.hostKey, encoding: 'utf8' })
    expect(shown).toContain(fingerprint(sshd.hostKey))
  })

  test('a changed host key refuses with both fingerprints and the remedy', async () => {
    const pin = keyPair().publicKey
    const error = await failure(sshd.target({ hostKey: pin }))
    expect(error.code).toBe('host_key_changed')
    expect(error.message).toContain(fingerprint(pin))
    expect(error.message).toContain(fingerprint(sshd.hostKey))
    expect(error.message).toContain('delete it and add it again')
    expect(error.details['hostKey']).toBe(sshd.hostKey)
  })

  test('a key that the host does not know is refused', async () => {
    const error = await failure(sshd.target({ privateKey: keyPair().privateKey }))
    expect([error.code, error.address]).toEqual(['auth_failed', sshd.address])
    expect(error.message).toContain('authorized_keys')
  })

  test('an IPv6 address connects, with brackets or without', async () => {
    await using six = await LocalSshd.start({ address: '::1' })
    for (const address of ['::1', '[::1]']) {
      await using remote = await connect(six.target({ address }))
      expect((await remote.run('echo six')).stdout).toBe('six\n')
    }
  })

  test('an RSA key in PEM or PKCS#8 form is read', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    for (const type of ['pkcs1', 'pkcs8'] as const) {
      const text = privateKey.export({ type, format: 'pem' }).toString()
      expect((await failure(sshd.target({ privateKey: text }))).code).toBe('auth_failed')
    }
  })
})

test('a port without a listener refuses', async () => {
  const host = await FakeHost.start()
  await host.close()
  const error = await failure(host.target())
  expect([error.code, error.message.includes(`port ${host.port}`)]).toEqual(['refused', true])
})

test('a name that does not resolve is unreachable', async () => {
  const error = await failure({
    address: 'no-such-host.invalid',
    user: 'root',
    privateKey: keyPair().privateKey,
  })
  expect(error.code).toBe('unreachable')
})

test('a host that says nothing is given up after the time limit', async () => {
  await using host = await FakeHost.start()
  host.failure = 'silent'
  expect((await failure(host.target(), { timeout: 200 })).code).toBe('timeout')
})

test('something that does not speak SSH is a protocol error', async () => {
  const http = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const error = await failure({ address: '127.0.0.1', port, user: 'root', privateKey: keyPair().privateKey })
  expect(['protocol', 'connection_lost']).toContain(error.code)
  http.close()
})

test('a key that is no private key is told from one that is refused', async () => {
  const pair = keyPair()
  for (const privateKey of ['', 'no key at all', pair.publicKey]) {
    const error = await failure({ address: '127.0.0.1', user: 'root', privateKey })
    expect(error.code).toBe('key_invalid')
  }
})

test('an error never shows the private key', async () => {
  await using host = await FakeHost.start({ authorizedKeys: [] })
  const target = host.target()
  const error = await failure(target)
  expect(inspect(error, { depth: 10 })).not.toContain(target.privateKey.slice(60, 100))
})

test('connecting can be given up', async () => {
  await using host = await FakeHost.start()
  host.failure = 'silent'
  const error = await failure(host.target(), { signal: AbortSignal.timeout(50) })
  expect(error.code).toBe('cancelled')
})

test('a connection that ends takes its running command with it', async () => {
  await using host = await FakeHost.start()
  await using remote = await connect(host.target())
  host.failure = 'hangs'
  const running = remote.run('apt-get upgrade')
  running.catch(() => {})
  while (host.connections === 0) await new Promise((resolve) => setImmediate(resolve))
  await host.goDown()
  await expect(running).rejects.toMatchObject({ code: 'connection_lost' })
})

test('a connection on which a command is stuck for good is ended', async () => {
  await using host = await FakeHost.start({ address: '127.0.0.1' })
  await using network = await Network.to(host.port)
  await using remote = await connect(host.target({ port: network.port }))
  await remote.run('true')
  network.freeze()
  await expect(remote.run('true', { timeout: 100 })).rejects.toMatchObject({ code: 'timeout' })
  await expect.poll(() => remote.isOpen, { timeout: 15_000 }).toBe(false)
  await remote.closed
})

/** A stretch of network between us and a host, which can stop carrying anything without a word. */
class Network implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #sockets: readonly Socket[]

  private constructor(server: Server, port: number, sockets: readonly Socket[]) {
    this.#server = server
    this.port = port
    this.#sockets = sockets
  }

  static async to(hostPort: number): Promise<Network> {
    const sockets: Socket[] = []
    const server = createServer((near) => {
      const far = connectSocket(hostPort, '127.0.0.1')
      near.pipe(far).pipe(near)
      for (const socket of [near, far]) sockets.push(socket.on('error', () => socket.destroy()))
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    return new Network(server, typeof address === 'object' && address ? address.port : 0, sockets)
  }

  freeze(): void {
    for (const socket of this.#sockets) socket.unpipe().pause()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => void this.#server.close(resolve))
  }
}
