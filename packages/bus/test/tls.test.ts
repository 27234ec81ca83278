/** TLS and credentials with real brokers, and the errors for wrong ones. */

import {
  answers,
  type Authority,
  ErlangNode,
  freePorts,
  haveRabbitMq,
  haveRedis,
  makeAuthority,
} from '@commissaire/testing'
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { connect } from '../src/index.ts'
import { eventually } from '../src/testing/eventually.ts'
import { silent } from '../src/testing/expect.ts'

let certificates: Authority
beforeAll(async () => {
  certificates = makeAuthority()
})
afterAll(() => certificates[Symbol.dispose]())

/** Makes one call over the connection. */
async function callOver(url: string): Promise<void> {
  await using bus = await connect(url, { log: silent })
  await bus.serve({ name: 'sealed', routingKeys: ['sealed.*'] }, { handler: () => 'well' })
  assert.equal(await bus.request('sealed.ask'), 'well')
}

/** Tests for every broker that uses TLS and requires a client certificate. */
function secureConnections(address: () => string): void {
  const withFiles = (more = ''): string => {
    const { ca, client } = certificates
    return `${address()}?ca=${ca}&cert=${client.certificate}&key=${client.key}${more}`
  }

  test('a certificate of a private authority is verified, and the client certificate is sent', () =>
    callOver(withFiles()))

  test('another server name can be given, and a wrong one is refused', async () => {
    await callOver(withFiles('&servername=broker.test'))
    await assert.rejects(connect(withFiles('&servername=other.test')), {
      name: 'ConnectionLost',
      message: /other\.test.*servername=/,
    })
  })

  test('an unknown authority is refused with advice', async () => {
    const { client } = certificates
    const url = `${address()}?cert=${client.certificate}&key=${client.key}`
    await assert.rejects(connect(url), { name: 'ConnectionLost', message: /authority.*\?ca=/ })
  })

  test('the broker refuses a connection without a client certificate', async () => {
    await assert.rejects(connect(`${address()}?ca=${certificates.ca}`), { name: 'ConnectionLost' })
  })

  test('wrong parameters of the URL are named', async () => {
    const plain = address().replace(/^(\w+)s:/, '$1:')
    await assert.rejects(connect(`${plain}?ca=${certificates.ca}`), /"ca" in the URL is about TLS/)
    await assert.rejects(
      connect(`${address()}?cafile=x`),
      /"cafile" in the URL is unknown; known are ca, cert/,
    )
    await assert.rejects(connect(`${address()}?ca=/nowhere.pem`), /"ca" .* PEM file: ENOENT/)
    await assert.rejects(connect(`${address()}?cert=/x.pem`), /"cert" and "key" .* belong together/)
  })
}

describe.skipIf(!haveRedis)('Redis over TLS', () => {
  let server: ChildProcess
  let port = 0
  let plain = 0
  beforeAll(async () => {
    ;[port = 0, plain = 0] = await freePorts(2)
    const { ca, server: own } = certificates
    const files = ['--tls-ca-cert-file', ca, '--tls-cert-file', own.certificate, '--tls-key-file', own.key]
    const args = ['--port', String(plain), '--tls-port', String(port), '--bind', '127.0.0.1', '--save', '']
    const user = ['--user', 'anna', 'on', '>p@ss', '~*', '&*', '+@all']
    server = spawn('redis-server', [...args, ...files, ...user], { stdio: 'ignore' })
    await eventually('Redis takes connections', () => answers(port))
  })
  afterAll(async () => {
    server.kill()
    await once(server, 'exit')
  })

  secureConnections(() => `rediss://127.0.0.1:${port}/`)

  test('user and password in the URL are used, and wrong ones are refused with advice', async () => {
    await callOver(`redis://anna:p%40ss@127.0.0.1:${plain}`)
    await assert.rejects(connect(`redis://anna:wrong@127.0.0.1:${plain}`), {
      name: 'ConnectionLost',
      message: /WRONGPASS.*user and password/,
    })
  })
})

describe.skipIf(!haveRabbitMq)('RabbitMQ over TLS', { timeout: 60_000 }, () => {
  let node: ErlangNode
  let port = 0
  beforeAll(async () => {
    ;[port = 0] = await freePorts(1)
    const { ca, server } = certificates
    const config = Object.entries({
      'listeners.ssl.default': String(port),
      'ssl_options.cacertfile': ca,
      'ssl_options.certfile': server.certificate,
      'ssl_options.keyfile': server.key,
      'ssl_options.verify': 'verify_peer',
      'ssl_options.fail_if_no_peer_cert': 'true',
    })
    node = await ErlangNode.start({ config: config.map(([key, value]) => `${key} = ${value}\n`).join('') })
  }, 150_000)
  afterAll(() => node.remove())

  secureConnections(() => `amqps://127.0.0.1:${port}/`)

  test('wrong credentials are refused with advice', async () => {
    await assert.rejects(connect(`amqp://guest:wrong@127.0.0.1:${node.port}`), {
      name: 'ConnectionLost',
      message: /cannot reach RabbitMQ at 127\.0\.0\.1:\d+.*user and password/,
    })
  })

  test('an unknown virtual host is refused with advice', async () => {
    await assert.rejects(connect(`amqp://127.0.0.1:${node.port}/nowhere`), {
      name: 'ConnectionLost',
      message: /virtual host "nowhere".*does that virtual host exist/,
    })
  })

  test('a port without TLS and a missing broker are reported', async () => {
    await assert.rejects(connect(`amqps://127.0.0.1:${node.port}?ca=${certificates.ca}`), {
      name: 'ConnectionLost',
      message: /RabbitMQ at/,
    })
    await assert.rejects(connect('amqp://127.0.0.1:1'), { message: /127\.0\.0\.1:1.*is it running/ })
  })

  test('a queue that is declared differently is kept, and reported with advice', async () => {
    await using bus = await connect(`amqp://127.0.0.1:${node.port}`, { log: silent })
    await node.evaluate(
      'rabbit_amqqueue:declare({resource, <<"/">>, queue, <<"odd">>}, false, false, [], none, <<"test">>)',
    )
    await assert.rejects(bus.serve({ name: 'odd', routingKeys: [] }, { handler: () => {} }), {
      name: 'ConnectionLost',
      message: /the queue "odd": .*durable.*declared in another way on the broker: choose another name/,
    })
    const other = connect(`amqp://127.0.0.1:${node.port}`, { exchange: 'amq.direct' })
    await assert.rejects(other, { name: 'ConnectionLost', message: /amq\.direct/ })
  })
})
