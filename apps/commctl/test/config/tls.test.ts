/** Talking to a server over TLS: whom we trust, and who we are by a client certificate. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, test } from 'vitest'
import { Home } from '../world.ts'

const home = new Home()
const path = (name: string) => join(home.path, name)
let server: Server
let endpoint: string

/** Makes a certificate that signs itself, so that it is its own authority. */
function certify(name: string, subject: string): void {
  const files = ['-keyout', path(`${name}.key`), '-out', path(`${name}.pem`)]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', `/CN=${subject}`, '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', ...kind, ...names, ...files], { stdio: 'ignore' })
}

beforeAll(async () => {
  certify('server', '127.0.0.1')
  certify('client', 'ann')
  const tls = { key: readFileSync(path('server.key')), cert: readFileSync(path('server.pem')) }
  const trust = { ca: readFileSync(path('client.pem')), requestCert: true, rejectUnauthorized: false }
  server = createServer({ ...tls, ...trust }, ({ socket }, response) => {
    const known = socket instanceof TLSSocket && socket.authorized
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify([known ? socket.getPeerCertificate().subject.CN : 'a stranger']))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  endpoint = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  home[Symbol.dispose]()
})

async function list(config: object) {
  return home.commctl(['cluster', 'list', '--config', home.write('config.json', { endpoint, ...config })])
}

test('a server whose authority is not trusted is not spoken to, and the remedy is named', async () => {
  const { status, stderr } = await list({ username: 'a', password: 'a' })
  assert.equal(status, 1)
  assert.match(stderr, /self-signed; name it as "certificate_ca_path" in the configuration/)
})

test('a server whose authority is in the configuration is trusted', async () => {
  const { status, stdout } = await list({
    username: 'a',
    password: 'a',
    certificate_ca_path: path('server.pem'),
  })
  assert.deepEqual([status, stdout], [0, 'a stranger\n'])
})

test('a client certificate says who we are, without name and password', async () => {
  const { status, stdout } = await list({
    certificate_ca_path: path('server.pem'),
    certificate_path: path('client.pem'),
    certificate_key_path: path('client.key'),
  })
  assert.deepEqual([status, stdout], [0, 'ann\n'])
})

test('the client certificate of a kubeconfig does too', async () => {
  const kubeconfig = home.write(
    'kubeconfig',
    `current-context: here
contexts: [{name: here, context: {user: ann}}]
users: [{name: ann, user: {client-certificate: client.pem, client-key: client.key}}]
`,
  )
  const { status, stdout } = await list({ certificate_ca_path: path('server.pem'), kubeconfig })
  assert.deepEqual([status, stdout], [0, 'ann\n'])
})
