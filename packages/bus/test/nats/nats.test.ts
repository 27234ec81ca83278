/** NATS beyond the contract suite: names, TLS, passwords, several servers, and unusable servers. */

import { haveNats, NatsServer, type NatsSettings } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { connect } from '../../src/index.ts'
import { silent } from '../../src/testing/expect.ts'
import { eventually } from '../../src/testing/eventually.ts'
import { decodeToken, encodeToken, Names } from '../../src/transports/nats/names.ts'
import { decodeMessage, encodeHeaders } from '../../src/transports/nats/message-encoding.ts'
import { firstServer, serversOf } from '../../src/servers.ts'
import { lookAt } from '../brokers/nats-world.ts'

const odd = ['', 'simple', 'a.b', '*', '>', 'ŝ 😀', '%', '%25', 'a@b', 'tab\tnew\nline', "!~'()", '#']

test('every name can be decoded from its token, and no token has a special meaning in NATS', () => {
  for (const name of odd) {
    assert.equal(decodeToken(encodeToken(name)), name)
    assert.match(encodeToken(name), /^[\w=-]+$/)
  }
  const names = new Names('ex.change')
  for (const key of ['a.b', 'a..b', '', '*.#', 'ŝ.> .x'])
    assert.equal(names.routingKey(names.message('q', key)), key)
  assert.throws(() => names.stream('q'.repeat(300)), /at most 255/)
  assert.throws(() => encodeToken('\uD800'), /not valid Unicode/)
})

test('headers with any name and value are decoded unchanged', () => {
  const headers = {
    deadline: '17',
    'Nats-Msg-Id': 'x',
    Ünï: 'ŝ\r\n',
    plain: ' padded ',
    empty: '',
    'a*': '%41',
  }
  const written = encodeHeaders({ contentType: 'text/plain', headers, replyTo: 'ŝ' })
  const place = { queue: 'q', routingKey: 'a.b', redelivered: false }
  const {
    contentType,
    replyTo,
    headers: read,
  } = decodeMessage({ data: Buffer.from('x'), headers: () => written }, place)
  assert.deepEqual(
    { contentType, replyTo, headers: { ...read } },
    { contentType: 'text/plain', headers, replyTo: 'ŝ' },
  )
})

test('several servers in one URL keep their ports and the login', () => {
  const url = new URL(firstServer('nats://u:p@a:1,b,[::1]:3/?ca=x'))
  assert.deepEqual([url.username, url.password, url.searchParams.get('ca')], ['u', 'p', 'x'])
  assert.deepEqual(serversOf(url, 4222), ['a:1', 'b:4222', '[::1]:3'])
  assert.equal(firstServer('redis://a:1/0'), 'redis://a:1/0')
})

async function withServer(
  settings: NatsSettings,
  check: (server: NatsServer) => Promise<void>,
): Promise<void> {
  const server = await NatsServer.start(settings)
  try {
    await check(server)
  } finally {
    await server.remove()
  }
}

async function callOver(url: string): Promise<void> {
  await using bus = await connect(url, { log: silent })
  await bus.serve({ name: 'simple', routingKeys: ['simple.*'] }, { handler: ({ params }) => params })
  assert.deepEqual(await bus.request('simple.echo', [1]), [1])
}

describe.skipIf(!haveNats)('on a NATS server', () => {
  test('exchanges and queues of any name do not disturb one another', () =>
    withServer({}, async (server) => {
      await using one = await connect(server.url, { exchange: 'a.b', log: silent })
      await using two = await connect(server.url, { exchange: 'a b > *', log: silent })
      for (const [bus, answer] of [
        [one, 1],
        [two, 2],
      ] as const)
        await bus.serve({ name: 'q @/ü', routingKeys: ['a.#.z', 'ŝ.*'] }, { handler: () => answer })
      assert.deepEqual([await one.request('a.z'), await two.request('a.b.c.z')], [1, 2])
      assert.deepEqual([await one.request('ŝ.x'), await two.request('ŝ.')], [1, 2])
      await assert.rejects(one.request('a.b'), { name: 'NobodyListens' })
    }))

  test('a queue that was deleted is created again', () =>
    withServer({}, async (server) => {
      await using bus = await connect(server.url, { log: silent })
      await bus.serve({ name: 'simple', routingKeys: ['simple.*'] }, { handler: () => 'here' })
      await lookAt(server, (streams) => streams.streams.delete('simple@commissaire'))
      assert.equal(await bus.request('simple.ask'), 'here')
    }))

  test('an answer that is too large for the server is an error at once, and its message is set aside', () =>
    withServer({}, async (server) => {
      await using bus = await connect(server.url, { log: silent })
      await bus.serve({ name: 'big', routingKeys: ['big.*'] }, { handler: () => 'x'.repeat(2 ** 20) })
      await assert.rejects(bus.request('big.ask'), { name: 'Abandoned', message: /max_payload is 1048576/ })
      assert.equal((await bus.dead.list('big', 1)).length, 1)
    }))

  test('password and token are sent, and wrong ones are refused with advice', async () => {
    await withServer({ config: 'authorization { user: u, password: "p@ss" }' }, async ({ port }) => {
      await callOver(`nats://u:p%40ss@127.0.0.1:${port}`)
      await assert.rejects(connect(`nats://u:wrong@127.0.0.1:${port}`), {
        name: 'ConnectionLost',
        message: /refused the login as "u": .*check name and password/,
      })
    })
    await withServer({ config: 'authorization { token: "t" }' }, async ({ port }) => {
      await callOver(`nats://t@127.0.0.1:${port}`)
      await assert.rejects(connect(`nats://127.0.0.1:${port}`), /without a name and password/)
    })
  })

  test('a dead letter that the server does not delete is an error, not a missing one', () =>
    withServer({ config: forbidden('$JS.API.STREAM.MSG.DELETE.>') }, async ({ port }) => {
      await using bus = await connect(`nats://u:p@127.0.0.1:${port}`, { log: silent })
      await bus.serve({ name: 'odd', routingKeys: ['odd.*'] }, { handler: () => 'here' })
      await bus.publish('odd.call', { jsonrpc: '2.0', method: 5 })
      await eventually('it is set aside', async () => (await bus.dead.list('odd', 1)).length === 1)
      const [dead] = await bus.dead.list('odd', 1)
      await assert.rejects(bus.dead.drop('odd', dead?.id ?? ''), /Permissions Violation/)
      assert.equal(await bus.dead.drop('odd', '4711'), false)
    }))

  test('a subscription that the server refuses is logged', () =>
    withServer({ config: forbidden('', 'commissaire.all.>') }, async ({ port }) => {
      const errors: object[] = []
      const log = { ...silent, error: (facts: object) => void errors.push(facts) }
      await using bus = await connect(`nats://u:p@127.0.0.1:${port}`, { log })
      await eventually('the refusal is logged', () => errors.length > 0)
      assert.match(JSON.stringify(errors[0]), /"subject":"commissaire\.all\.commissaire"/)
      assert.equal(bus.state, 'connected')
    }))

  test('a server that runs is found among several', () =>
    withServer({}, ({ port }) => callOver(`nats://127.0.0.1:1,127.0.0.1:${port}`)))

  test('servers that are down, have no JetStream or are too old are reported with advice', async () => {
    await assert.rejects(connect('nats://127.0.0.1:1'), /127\.0\.0\.1:1.*is it running/)
    await withServer({ jetstream: false }, ({ url }) =>
      assert.rejects(connect(url), /no JetStream.*jetstream: enabled/),
    )
    const old = createServer((socket) => {
      socket.write('INFO {"server_id":"x","version":"2.8.4","headers":true,"max_payload":1048576}\r\n')
      socket.on('data', (data) => data.includes('PING') && socket.write('PONG\r\n'))
      socket.on('error', () => {})
    }).listen(0, '127.0.0.1')
    await once(old, 'listening')
    const address = old.address()
    const port = typeof address === 'object' ? address?.port : 0
    await assert.rejects(connect(`nats://127.0.0.1:${port}`), /NATS 2\.8\.4; this bus needs NATS 2\.9/)
    old.close()
  })

  test('TLS uses the authority and the certificate of the URL', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'commissaire-nats-tls-'))
    try {
      const { ca, cert, key } = certificates(directory)
      const config = `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ca}", verify: true }`
      await withServer({ config }, async ({ port }) => {
        const files = `ca=${ca}&cert=${cert}&key=${key}`
        await callOver(`tls://localhost:${port}/?${files}`)
        await callOver(`nats+tls://127.0.0.1:${port}/?${files}&servername=localhost`)
        await assert.rejects(connect(`tls://localhost:${port}/`), /\?ca=…/)
      })
      await withServer({}, ({ port }) => assert.rejects(connect(`tls://localhost:${port}/?ca=${ca}`), /TLS/))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  test('a consumer continues after a lost connection', () =>
    withServer({}, async (server) => {
      await using bus = await connect(server.url, { log: silent })
      await bus.serve({ name: 'simple', routingKeys: ['simple.*'] }, { handler: () => 'here' })
      await server.kill()
      await eventually('the loss is seen', () => bus.state === 'disconnected')
      await server.resume()
      await eventually('it is back', () => bus.state === 'connected')
      assert.equal(await bus.request('simple.ask'), 'here')
    }))
})

/** The configuration of a user who may not publish to one subject, or not subscribe to another. */
function forbidden(publish: string, subscribe = ''): string {
  const deny = (subject: string): string => (subject ? `{ deny: ["${subject}"] }` : '{ allow: [">"] }')
  const permissions = `publish: ${deny(publish)}, subscribe: ${deny(subscribe)}`
  return `authorization { users: [{ user: u, password: p, permissions: { ${permissions} } }] }`
}

/** An authority, and a certificate of it for localhost that server and client share. */
function certificates(directory: string): { ca: string; cert: string; key: string } {
  const [ca, caKey, cert, key, request] = ['ca.pem', 'ca.key', 'cert.pem', 'key.pem', 'request.pem'].map(
    (name) => join(directory, name),
  )
  if (!ca || !caKey || !cert || !key || !request) throw new Error('five names make five paths')
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...fresh, '-subj', '/CN=authority', '-days', '2', '-keyout', caKey, '-out', ca)
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  openssl('req', ...fresh, ...names, '-keyout', key, '-out', request)
  openssl(
    'x509',
    '-req',
    '-in',
    request,
    '-CA',
    ca,
    '-CAkey',
    caKey,
    '-days',
    '2',
    '-copy_extensions',
    'copy',
    '-out',
    cert,
  )
  return { ca, cert, key }
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${args.join(' ')} failed: ${stderr}`)
}
