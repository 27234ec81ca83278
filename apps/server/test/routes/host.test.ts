/** Hosts: how they come in, what is shown of them, and how they leave. */
import { once } from 'node:events'
import { BusError } from '@commissaire/bus'
import { Cluster, Host, HostCreds, parseModel } from '@commissaire/models'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { basic, openWorld, operator, type World } from '../world.ts'

const key = 'ZmFrZSBrZXk='
const other = 'YW5vdGhlciBrZXk='

let world: World

beforeEach(async () => {
  world = await openWorld()
})

afterEach(() => world[Symbol.asyncDispose]())

const calls = () => world.sent.map(({ routingKey }) => routingKey)

test('a new host is answered with 201 and the host, members in order', async () => {
  const answer = await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })
  expect(answer.statusCode).toBe(201)
  expect(Object.keys(answer.json()).slice(0, 8)).toEqual([
    'address',
    'status',
    'os',
    'cpus',
    'memory',
    'space',
    'last_check',
    'source',
  ])
  expect(answer.body).not.toContain(key)
  expect(await world.storage.get(HostCreds, '10.2.0.2')).toEqual({
    address: '10.2.0.2',
    ssh_priv_key: key,
    remote_user: 'root',
  })
})

test('what a new host means on the bus, in order', async () => {
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })
  expect(calls()).toEqual(['storage.get', 'storage.save', 'storage.save', 'jobs.investigate', 'jobs.watcher'])
  expect(
    world.sent.slice(0, 3).map(({ params }) => (params as { model_type_name: string }).model_type_name),
  ).toEqual(['Host', 'HostCreds', 'Host'])
  expect(world.sent[3]?.params).toEqual({ address: '10.2.0.2', cluster_data: {} })
  const record = world.sent[4]?.params
  expect(record).toMatch(/^\{"address":"10\.2\.0\.2","last_check":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"\}$/)
})

test('those who investigate and watch hear of a new host', async () => {
  const heard: unknown[] = []
  const events = new EventTarget()
  for (const routingKey of ['jobs.investigate', 'jobs.watcher']) {
    await world.bus.serve(
      { name: routingKey, routingKeys: [routingKey] },
      {
        handler: (message) => {
          heard.push(message.body)
          if (heard.length === 2) events.dispatchEvent(new Event('all'))
        },
      },
    )
  }
  const all = once(events, 'all', { signal: AbortSignal.timeout(5000) })
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })
  await all
  expect(heard).toContainEqual({
    jsonrpc: '2.0',
    method: 'investigate',
    params: { address: '10.2.0.2', cluster_data: {} },
  })
})

test('a new host joins the cluster it names, and the investigator learns of that', async () => {
  await world.ask('PUT', '/cluster/c', { container_manager: 'm' })
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: 'c', remote_user: 'core' })
  expect((await world.storage.get(Cluster, 'c')).hostset).toEqual(['10.2.0.2'])
  expect((await world.storage.get(HostCreds, '10.2.0.2')).remote_user).toBe('core')
  const { params } = world.sent.find(({ routingKey }) => routingKey === 'jobs.investigate') ?? {}
  expect(params).toMatchObject({ cluster_data: { name: 'c', container_manager: 'm', hostset: ['10.2.0.2'] } })
})

test('a host for an unknown cluster is refused, and nothing is kept', async () => {
  const answer = await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: 'nope' })
  expect(answer.statusCode).toBe(409)
  expect(await world.storage.find(HostCreds, '10.2.0.2')).toBeUndefined()
  expect(await world.storage.find(Host, '10.2.0.2')).toBeUndefined()
  expect(calls()).not.toContain('jobs.investigate')
})

test('a registration that fails half-way is undone, and can be repeated with another key', async () => {
  await world.ask('PUT', '/cluster/c', {})
  const { bus } = world
  await using cut = await openWorld({
    bus: {
      dead: bus.dead,
      listen: (...args) => bus.listen(...args),
      rollCall: (...args) => bus.rollCall(...args),
      publish: (...args) => bus.publish(...args),
      request: (...args) => bus.request(...args),
      notify: async () => {
        throw new BusError('ConnectionLost', 'the broker is away')
      },
    },
    storage: world.storage,
  })
  const answer = await cut.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: 'c' })
  expect(answer.statusCode).toBe(503)
  expect(await world.storage.find(Host, '10.2.0.2')).toBeUndefined()
  expect(await world.storage.find(HostCreds, '10.2.0.2')).toBeUndefined()
  expect((await world.storage.get(Cluster, 'c')).hostset).toEqual([])
  const again = await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: other, cluster: 'c' })
  expect(again.statusCode).toBe(201)
})

test('a registration that was cut off before the host joined its cluster is completed by the same request', async () => {
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })
  await world.ask('PUT', '/cluster/c', {})
  expect((await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: 'c' })).statusCode).toBe(201)
  expect((await world.storage.get(Cluster, 'c')).hostset).toEqual(['10.2.0.2'])
})

test('the same host again is answered with the host, and nothing starts', async () => {
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })
  const before = calls().length
  const answer = await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: null })
  expect(answer.statusCode).toBe(201)
  expect(answer.json()).toMatchObject({ address: '10.2.0.2' })
  expect(calls().slice(before)).toEqual(['storage.get', 'storage.get'])
})

test('the same address with another key is a conflict, and the key stays', async () => {
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })
  expect((await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: other })).statusCode).toBe(409)
  expect((await world.storage.get(HostCreds, '10.2.0.2')).ssh_priv_key).toBe(key)
})

test('the same host again, for a cluster it is not in, is a conflict', async () => {
  await world.ask('PUT', '/cluster/c', {})
  await world.ask('PUT', '/cluster/d', {})
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: 'c' })
  expect((await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: 'c' })).statusCode).toBe(201)
  expect((await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: 'd' })).statusCode).toBe(409)
})

test('of many who add one host with different keys, one wins, and its key is the one that is kept', async () => {
  const keys = Array.from({ length: 8 }, (_, index) => Buffer.from(`key ${index}`).toString('base64'))
  const answers = await Promise.all(
    keys.map((one) => world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: one })),
  )
  const winners = keys.filter((_, index) => answers[index]?.statusCode === 201)
  expect(answers.map(({ statusCode }) => statusCode).sort((a, b) => a - b)).toEqual([
    201,
    ...Array.from({ length: 7 }, () => 409),
  ])
  expect([(await world.storage.get(HostCreds, '10.2.0.2')).ssh_priv_key]).toEqual(winners)
})

test('of many who add one host with one key, all are answered and it is investigated once', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })),
  )
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([201]))
  expect(calls().filter((routingKey) => routingKey === 'jobs.investigate')).toHaveLength(1)
})

test.each([
  [{}],
  [undefined],
  [{ ssh_priv_key: '' }],
  [{ ssh_priv_key: 7 }],
  [{ ssh_priv_key: key, cluster: 7 }],
])('the body %j is refused', async (body) => {
  expect((await world.ask('PUT', '/host/10.2.0.2', body)).statusCode).toBe(400)
  expect(calls()).toEqual([])
})

test('a key is never quoted, neither in an answer nor in the log', async () => {
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, remote_user: 7 })
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: other })
  expect(JSON.stringify(world.log)).not.toMatch(new RegExp(`${key}|${other}`))
})

test('the address in the path wins over the one in the body', async () => {
  const answer = await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, address: '10.9.9.9' })
  expect(answer.json()).toMatchObject({ address: '10.2.0.2' })
  expect(await world.storage.find(Host, '10.9.9.9')).toBeUndefined()
})

test.each([
  ['10.2.0.3', { ssh_priv_key: key }],
  ['10.9.9.9', { ssh_priv_key: key, address: '10.9.9.9' }],
])('a host registers itself as %s', async (address, body) => {
  const answer = await world.app.inject({
    method: 'PUT',
    url: '/api/v0/host/',
    remoteAddress: '::ffff:10.2.0.3',
    headers: basic(operator.user, operator.password),
    payload: body,
  })
  expect(answer.statusCode).toBe(201)
  expect(answer.json()).toMatchObject({ address })
})

test('hosts are shown one by one and all together', async () => {
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })
  await world.ask('PUT', '/host/web-1.example.org', { ssh_priv_key: key })
  expect((await world.ask('GET', '/host/10.2.0.2')).json()).toMatchObject({ address: '10.2.0.2', cpus: 0 })
  const hosts = (await world.ask('GET', '/hosts')).json<Host[]>()
  expect(hosts.map(({ address }) => address)).toEqual(['10.2.0.2', 'web-1.example.org'])
})

test('credentials are shown by their endpoint', async () => {
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })
  const answer = await world.ask('GET', '/host/10.2.0.2/creds')
  expect(answer.body).toBe(`{"address":"10.2.0.2","ssh_priv_key":"${key}","remote_user":"root"}`)
  expect(answer.headers['cache-control']).toBe('no-store')
})

test('the status holds what the container manager says, and nothing where there is none', async () => {
  const host = parseModel(Host, {
    address: '1.1.1.1',
    status: 'active',
    last_check: '2015-12-17T15:48:18.710454',
  })
  await world.storage.save(Host, host)
  const plain = {
    type: 'host_only',
    host: { last_check: host.last_check, status: 'active' },
    container_manager: {},
  }
  expect((await world.ask('GET', '/host/1.1.1.1/status')).body).toBe(JSON.stringify(plain))
  await world.storage.save(
    Cluster,
    parseModel(Cluster, { name: 'c', hostset: ['1.1.1.1'], container_manager: 'm' }),
  )
  expect((await world.ask('GET', '/host/1.1.1.1/status')).json()).toMatchObject({
    container_manager: { node: '1.1.1.1', status: 'ok' },
  })
  world.containers.failing = true
  expect((await world.ask('GET', '/host/1.1.1.1/status')).json()).toEqual(plain)
})

test('deleting a host removes its credentials, its membership and its node', async () => {
  await world.ask('PUT', '/cluster/c', { container_manager: 'm' })
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: 'c' })
  world.containers.nodes.add('m/10.2.0.2')
  const answer = await world.ask('DELETE', '/host/10.2.0.2', {})
  expect([answer.statusCode, answer.json()]).toEqual([200, []])
  expect(world.containers.nodes.size).toBe(0)
  expect(await world.storage.find(HostCreds, '10.2.0.2')).toBeUndefined()
  expect((await world.storage.get(Cluster, 'c')).hostset).toEqual([])
  expect((await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: other })).statusCode).toBe(201)
})

test('a deletion that failed half-way can be asked for again', async () => {
  await world.ask('PUT', '/containermanager/m', { type: 'trivial' })
  await world.ask('PUT', '/cluster/c', { container_manager: 'm' })
  await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key, cluster: 'c' })
  world.containers.failing = true
  expect((await world.ask('DELETE', '/host/10.2.0.2')).statusCode).toBe(502)
  world.containers.failing = false
  expect((await world.ask('DELETE', '/host/10.2.0.2')).statusCode).toBe(200)
})

test('credentials without a host, left by a crash, do not bar the way for ever', async () => {
  await world.storage.save(HostCreds, parseModel(HostCreds, { address: '10.2.0.2', ssh_priv_key: other }))
  expect((await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })).statusCode).toBe(409)
  expect((await world.ask('DELETE', '/host/10.2.0.2')).statusCode).toBe(404)
  expect((await world.ask('PUT', '/host/10.2.0.2', { ssh_priv_key: key })).statusCode).toBe(201)
})

test.each(['', '/creds', '/status'])('an unknown host has no %s', async (what) => {
  expect((await world.ask('GET', `/host/9.9.9.9${what}`)).statusCode).toBe(404)
})

test('a plan is the investigator’s, and of a host that is not there nobody is asked', async () => {
  const planned = {
    address: '10.2.0.2',
    cluster: '',
    profile: 'docker',
    steps: [{ name: 'docker is installed', state: 'would_do', action: 'installs docker.io', reason: '' }],
  }
  await world.bus.serve({ name: 'planner', routingKeys: ['jobs.plan'] }, { handler: () => planned })
  expect((await world.ask('GET', '/host/10.2.0.2/plan')).statusCode).toBe(404)
  await world.storage.save(Host, parseModel(Host, { address: '10.2.0.2' }))
  const answer = await world.ask('GET', '/host/10.2.0.2/plan')
  expect([answer.statusCode, answer.json()]).toEqual([200, planned])
})

test('a host shows whether it needs a reboot, and its cluster how many do', async () => {
  const reboot = {
    needed: 'yes',
    reason: 'the system asks for it (libc6)',
    source: '/run/reboot-required',
    services: ['ssh.service'],
    checked_at: '2026-11-24T07:00:00.000000',
  }
  await world.storage.save(Host, parseModel(Host, { address: '10.2.0.2', status: 'active', reboot }))
  await world.storage.save(Host, parseModel(Host, { address: '10.2.0.3', status: 'active' }))
  await world.storage.save(Cluster, parseModel(Cluster, { name: 'web', hostset: ['10.2.0.2', '10.2.0.3'] }))
  expect((await world.ask('GET', '/host/10.2.0.2')).json()).toMatchObject({ reboot })
  expect((await world.ask('GET', '/cluster/web')).json()).toMatchObject({
    hosts: { total: 2, available: 2, unavailable: 0 },
    reboot_needed: { yes: 1, no: 0, unknown: 1, not_applicable: 0 },
  })
})
