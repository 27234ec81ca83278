/** The etcd handler against a real etcd: the contract, restarts, and TLS with certificates on both sides. */
import { etcdIsThere, EtcdServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { open, options } from '../../src/handlers/etcd/etcd.ts'
import { handlerContract } from '../../src/testing.ts'

const host = (key: string) => ({ model: 'Host', key })
const write = (key: string, value = '{}') => ({ model: 'Host', key, value })

describe.runIf(etcdIsThere())('etcd', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start()
  }, 30_000)
  afterAll(() => server.close())

  const openHere = (more: object = {}) => open(options.parse({ server_url: server.url, ...more }))
  const openEmpty = async () => {
    await server.etcdctl('del', '--prefix', '/commissaire/')
    return openHere()
  }

  for (const [sentence, check] of Object.entries(handlerContract)) test(sentence, () => check(openEmpty))

  test('values lie under the keys that other tools know', async () => {
    await using handler = await openEmpty()
    const models = ['Host', 'Cluster', 'ClusterDeploy', 'ClusterRestart', 'ClusterUpgrade', 'Network']
    await handler.save(
      [...models, 'ContainerManagerConfig'].map((model) => ({ model, key: 'a', value: '{}' })),
    )
    const keys = await server.etcdctl('get', '--prefix', '--keys-only', '/commissaire/')
    assert.deepEqual(
      keys.split('\n').filter((key) => key !== '' && !key.includes('/.storage/')),
      [
        '/commissaire/cluster/a/deploy',
        '/commissaire/cluster/a/restart',
        '/commissaire/cluster/a/upgrade',
        '/commissaire/clusters/a',
        '/commissaire/container_managers/a',
        '/commissaire/hosts/a',
        '/commissaire/networks/a',
      ],
    )
  })

  test('a list is whole and in the order of keys, however many pages it takes', async () => {
    await using handler = await openEmpty()
    const keys = Array.from({ length: 351 }, (_, number) => `h-${String(number).padStart(4, '0')}`)
    for (let at = 0; at < keys.length; at += 100)
      await handler.save(keys.slice(at, at + 100).map((key) => write(key, key)))
    assert.deepEqual(
      (await handler.list('Host')).map(({ value }) => value),
      keys,
    )
  })

  test('operations of a cluster are listed by the cluster’s name', async () => {
    await using handler = await openEmpty()
    for (const key of ['a', 'a-b', 'a.b'])
      await handler.save(['ClusterDeploy', 'ClusterRestart'].map((model) => ({ model, key, value: model })))
    assert.deepEqual(
      (await handler.list('ClusterRestart')).map(({ key, value }) => [key, value]),
      [
        ['a', 'ClusterRestart'],
        ['a-b', 'ClusterRestart'],
        ['a.b', 'ClusterRestart'],
      ],
    )
  })

  test('of two values for one place in one save the last is kept', async () => {
    await using handler = await openEmpty()
    const written = await handler.save(['1', '2'].map((value) => write('a', value)))
    assert.deepEqual(
      written.map(({ created }) => created),
      [true, false],
    )
    assert.equal((await handler.get(host('a')))?.value, '2')
  })

  test('more than etcd takes in one save is refused whole, with what can be done', async () => {
    await using handler = await openEmpty()
    const writes = Array.from({ length: 200 }, (_, number) => write(String(number)))
    await assert.rejects(handler.save(writes), {
      kind: 'refused',
      message: /save fewer at once.*--max-txn-ops/,
    })
    assert.deepEqual(await handler.list('Host'), [])
  })

  test('while etcd is down an error says so in time, and when it is back all goes on', async () => {
    await using handler = await openHere({ timeout: 1000 })
    await handler.save([write('a', 'before')])
    await server.kill()
    for (const attempt of [() => handler.get(host('a')), () => handler.save([write('a', '')])]) {
      await assert.rejects(attempt, { kind: 'unreachable', message: /does not answer.*See that it runs/ })
    }
    await server.restart()
    assert.equal((await handler.get(host('a')))?.value, 'before')
    await handler.save([write('a', 'after')])
    assert.equal((await handler.get(host('a')))?.value, 'after')
  })

  test('a request waits for an etcd that is just being restarted', async () => {
    await using handler = await openHere({ timeout: 15_000 })
    await handler.save([write('a', 'here')])
    await server.kill()
    const reading = handler.get(host('a'))
    // A write that was sent before the loss of the connection was noticed is not sent twice.
    const writing = handler
      .save([write('b', 'there')])
      .catch((error: Error) => assert.match(error.message, /is not known; read it again/))
    await server.restart()
    assert.equal((await reading)?.value, 'here')
    const written = await writing
    if (!written) await handler.save([write('b', 'there')])
    assert.equal((await handler.get(host('b')))?.value, 'there')
  })

  test('a save of which nobody knows whether it was done says so', async () => {
    await using handler = await openHere({ timeout: 1000 })
    await handler.save([write('a', '1')])
    const goOn = server.freeze()
    await assert.rejects(handler.save([write('a', '2')]), {
      kind: 'unreachable',
      message: /Whether the change was made is not known; read it again/,
    })
    goOn()
    assert.ok(await handler.get(host('a')))
  })

  test('of several servers one that answers is enough', async () => {
    await using handler = await openHere({ server_url: `http://127.0.0.1:1, ${server.url}` })
    await handler.save([write('a', 'kept')])
    assert.equal((await handler.get(host('a')))?.value, 'kept')
  })

  test('an etcd that is not there is an error when the handler is opened', async () => {
    await assert.rejects(openHere({ server_url: 'http://127.0.0.1:1', timeout: 500 }), {
      kind: 'unreachable',
      message: /^The store http:\/\/127.0.0.1:1 could not be read: it does not answer/,
    })
  })
})

describe.runIf(etcdIsThere())('etcd over TLS, which asks for a certificate', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start({ tls: true })
  }, 30_000)
  afterAll(() => server.close())

  const ours = (more: object = {}) => {
    const { ca, client } = server.authority ?? assert.fail()
    const pair = { certificate_path: client.certificate, certificate_key_path: client.key }
    return options.parse({ server_url: server.url, certificate_ca_path: ca, ...pair, timeout: 1500, ...more })
  }

  test('is read and written with a certificate that it trusts', async () => {
    await using handler = await open(ours())
    await handler.save([write('a', 'secretly')])
    assert.equal((await handler.get(host('a')))?.value, 'secretly')
  })

  test('refuses whoever has no certificate, and the error names the keys to look at', async () => {
    const nobody = { certificate_path: undefined, certificate_key_path: undefined }
    await assert.rejects(open(ours(nobody)), { kind: 'unreachable', message: /certificate_path/ })
  })

  test('is refused when its own certificate is of an unknown authority', async () => {
    await assert.rejects(open(ours({ certificate_ca_path: undefined })), {
      kind: 'unreachable',
      message: /certificate_ca_path/,
    })
  })
})

describe.runIf(etcdIsThere())('etcd with authentication', () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await EtcdServer.start()
    await server.etcdctl('user', 'add', 'root:rootpw')
    await server.etcdctl('user', 'grant-role', 'root', 'root')
    await server.etcdctl('user', 'add', 'commissaire:right')
    await server.etcdctl('user', 'add', 'stranger:right')
    await server.etcdctl('role', 'add', 'commissaire')
    await server.etcdctl('role', 'grant-permission', '--prefix', 'commissaire', 'readwrite', '/commissaire/')
    await server.etcdctl('user', 'grant-role', 'commissaire', 'commissaire')
    await server.etcdctl('auth', 'enable')
  }, 30_000)
  afterAll(() => server.close())

  const as = (username: string, password: string) =>
    open(options.parse({ server_url: server.url, username, password, timeout: 2000 }))

  test('is read and written by a user who may use the prefix', async () => {
    await using handler = await as('commissaire', 'right')
    await handler.save([write('a', 'kept')])
    assert.equal((await handler.list('Host'))[0]?.value, 'kept')
  })

  test('refuses a wrong password, a user without permission, and nobody', async () => {
    await assert.rejects(as('commissaire', 'wrong'), {
      kind: 'refused',
      message: /check "username" and "password"/,
    })
    await assert.rejects(as('stranger', 'right'), { kind: 'refused', message: /grant it read and write/ })
    await assert.rejects(open(options.parse({ server_url: server.url, timeout: 2000 })), { kind: 'refused' })
  })
})
