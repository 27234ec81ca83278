/** Where commctl finds the server and the credentials, and what it says when it does not. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import { commandLine, Home, onTerminal } from '../world.ts'

/** A server that says what it was asked, and with which credentials. */
let server: Server
let endpoint: string
let asked: IncomingMessage[] = []
let home: Home

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request)
    if (request.url === '/api/v0/cluster/page') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hello</h1>')
    } else if (request.headers.authorization === wrong) {
      response.writeHead(403, { 'content-type': 'application/problem+json' }).end('{"title":"Forbidden"}')
    } else if (request.url === '/api/v0/cluster/broken') {
      const body = { title: 'Internal Server Error', status: 500, id: 'c0ffee' }
      response.writeHead(500, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body))
    } else if (request.url !== '/api/v0/cluster/slow') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('["web"]')
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  asked = []
  home = new Home()
  return () => home[Symbol.dispose]()
})

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
const wrong = basic('eve:guess')
const nobody = 'http://127.0.0.1:9'
const list = ['cluster', 'list']

describe('the file', () => {
  test('is ~/.commissaire.json', async () => {
    home.write('.commissaire.json', { endpoint, username: 'ann', password: 'secret' })
    assert.deepEqual(await home.commctl(list), { status: 0, stdout: 'web\n', stderr: '' })
    assert.equal(asked[0]?.headers.authorization, basic('ann:secret'))
  })

  test('is the one that --config names, before the one in COMMCTL_CONFIG', async () => {
    const first = home.write('first.json', { endpoint, username: 'first', password: 'x' })
    const second = home.write('second.json', { endpoint, username: 'second', password: 'x' })
    await home.commctl(list, { env: { COMMCTL_CONFIG: second } })
    await home.commctl(['--config', first, ...list], { env: { COMMCTL_CONFIG: second } })
    await home.commctl([...list, '--config', first])
    const users = asked.map(({ headers }) =>
      Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString(),
    )
    assert.deepEqual(users, ['second:x', 'first:x', 'first:x'])
  })

  test('is else what the all-in-one program wrote for its first user', async () => {
    mkdirSync(`${home.path}/data`)
    home.write('data/credentials.json', { endpoint: `${endpoint}/`, username: 'admin', password: 'made-up' })
    assert.equal((await home.commctl(list)).stdout, 'web\n')
    assert.equal(asked[0]?.url, '/api/v0/clusters')
    assert.equal(asked[0]?.headers.authorization, basic('admin:made-up'))
  })

  test('may be nowhere, which is explained', async () => {
    const { status, stderr } = await home.commctl(list)
    assert.equal(status, 2)
    assert.match(stderr, /No configuration was found/)
    assert.match(stderr, new RegExp(`${home.path}/.commissaire.json and ${home.path}/data/credentials.json`))
  })

  test('that is named must be there', async () => {
    const { status, stderr } = await home.commctl([...list, '--config', '/nowhere.json'])
    assert.equal(status, 2)
    assert.match(stderr, /\/nowhere\.json could not be read: there is no such file/)
  })

  test.each([
    ['{"endpoint": "a",}', /is not JSON: .*Use only double quotes/s],
    ['["http://x"]', /holds \["http:\/\/x"\]; it must be an object/],
    ['{"endpoint": 8000}', /"endpoint" is 8000; it must be a URL that begins with http/],
    ['{"endpoint": []}', /"endpoint" is \[\]; it must be a URL/],
    ['{"endpoint": "ftp://x"}', /"endpoint" is "ftp:\/\/x"/],
    ['{"endpoint": "http://x", "username": 1}', /"username" is 1; it must be a text/],
    ['{"endpoint": "http://x", "password": 12345}', /"password" is a number; it must be a text/],
    ['{"endpoint": "http://x", "username": "a"}', /"password" is missing/],
    [
      '{"endpoint": "http://x", "certificate_path": "/no.pem"}',
      /"certificate_path" names \/no\.pem, which cannot be read/,
    ],
  ])('that is wrong is explained with its name: %s', async (content, message) => {
    const path = home.write('.commissaire.json', content)
    const { status, stderr } = await home.commctl(list)
    assert.equal(status, 2)
    assert.match(stderr, message)
    assert.ok(stderr.includes(path))
    assert.doesNotMatch(stderr, /12345/)
  })

  test('with a key that is not known works, and is warned of', async () => {
    home.write('.commissaire.json', { endpoint, username: 'a', password: 'a', usename: 'b' })
    const { status, stderr } = await home.commctl(list)
    assert.equal(status, 0)
    assert.match(stderr, /"usename" is not known and is ignored. Known are: endpoint, username/)
  })

  test('with a password that others may read is warned of', async () => {
    const path = home.write('.commissaire.json', { endpoint, username: 'a', password: 'a' })
    chmodSync(path, 0o644)
    assert.match(
      (await home.commctl(list)).stderr,
      new RegExp(`may be read by others. Run: chmod 600 ${path}`),
    )
  })
})

describe('on a terminal', () => {
  const terminal = (typed: [string, string][]) =>
    onTerminal(`${commandLine} cluster list`, { env: home.env, typed })

  test('what is missing is asked for, and the password is not shown', async () => {
    const run = await terminal([
      ['Endpoint: ', `${endpoint}\r`],
      ['Username: ', 'ann\r'],
      ['Password: ', 'hunter2\r'],
    ])
    assert.equal(run.status, 0, run.stdout)
    assert.match(run.stdout, /web/)
    assert.doesNotMatch(run.stdout, /hunter2/)
    assert.equal(asked[0]?.headers.authorization, basic('ann:hunter2'))
  })

  test('only what is missing is asked for', async () => {
    home.write('.commissaire.json', { endpoint, username: 'ann' })
    const run = await terminal([['Password: ', 'x\r']])
    assert.doesNotMatch(run.stdout, /Endpoint|Username/)
    assert.equal(asked[0]?.headers.authorization, basic('ann:x'))
  })

  test('Ctrl-C at a question ends with 130', async () => {
    assert.equal((await terminal([['Endpoint: ', '\u0003']])).status, 130)
  })
})

describe('a kubeconfig', () => {
  const kubeconfig = (user: string) => `apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: c, user: a}}]
users: [{name: a, user: ${user}}]
`
  const listWith = async (content: string) => {
    home.write('.commissaire.json', { endpoint, kubeconfig: home.write('kubeconfig', content) })
    return home.commctl(list)
  }

  test('gives the token of its current user', async () => {
    assert.equal((await listWith(kubeconfig('{token: abc}'))).status, 0)
    assert.equal(asked[0]?.headers.authorization, 'Bearer abc')
  })

  test('gives the name and password of its current user', async () => {
    assert.equal((await listWith(kubeconfig('{username: u, password: p}'))).status, 0)
    assert.equal(asked[0]?.headers.authorization, basic('u:p'))
  })

  test.each([
    [kubeconfig('{exec: {command: x}}'), /the user "a" has exec; it must have a token/],
    ['current-context: gone', /no context has been set/],
    ['{', /could not be read/],
  ])('that does not help is explained', async (content, message) => {
    const { status, stderr } = await listWith(content)
    assert.equal(status, 2)
    assert.match(stderr, message)
  })
})

describe('endpoints', () => {
  const configure = (endpoints: unknown, username = 'a', password = 'a') =>
    home.write('.commissaire.json', { endpoint: endpoints, username, password })

  test('are tried in order, and the change is told where it does not mix with the result', async () => {
    configure([nobody, endpoint])
    const { status, stdout, stderr } = await home.commctl(list)
    assert.deepEqual([status, stdout], [0, 'web\n'])
    assert.equal(stderr, `Could not connect to ${nobody}. Retrying with ${endpoint}.\n`)
  })

  test('of which none answers end with 1, and all are named', async () => {
    configure([nobody, 'http://no.such.host.invalid:8000'])
    const { status, stderr } = await home.commctl(list)
    assert.equal(status, 1)
    assert.match(
      stderr,
      /No servers could be reached\. Tried the following:\n- http:\/\/127\.0\.0\.1:9: nothing listens there/,
    )
    assert.match(stderr, /- http:\/\/no\.such\.host\.invalid:8000: the name/)
  })

  test('that never answer are given up after the time limit', async () => {
    configure(endpoint)
    const { status, stderr } = await home.commctl(['cluster', 'get', 'slow', '--timeout', '0.3'])
    assert.equal(status, 1)
    assert.match(stderr, /no answer within 0\.3 s/)
  })

  test('a change that may have arrived is not sent to the next server', async () => {
    configure([endpoint, `${endpoint}/other`])
    const { status } = await home.commctl(['cluster', 'create', 'slow', '--timeout', '4'])
    assert.equal(status, 1)
    assert.equal(asked.length, 1)
  })

  test('that refuse the credentials say where those came from', async () => {
    const path = configure(endpoint, 'eve', 'guess')
    const { status, stderr } = await home.commctl(list)
    assert.equal(status, 2)
    assert.match(stderr, new RegExp(`The provided credentials were incorrect: .* They come from ${path}`))
  })

  test('that fail say under which id the log has more', async () => {
    configure(endpoint)
    const { status, stderr } = await home.commctl(['cluster', 'get', 'broken'])
    assert.equal(status, 2)
    assert.match(
      stderr,
      /Internal Server Error \(500 Internal Server Error\)\nThe server's log has more under c0ffee\./,
    )
  })

  test('that are no Commissaire are recognized', async () => {
    configure(endpoint)
    const { status, stderr } = await home.commctl(['cluster', 'get', 'page'])
    assert.equal(status, 2)
    assert.match(stderr, /Is that a Commissaire server\?/)
  })
})
