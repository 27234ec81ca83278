/** `/clusters` and `/cluster/{name}`, over a real bus and a real store. */
import { Cluster, ContainerManagerConfig, Host, Network, parseModel } from '@commissaire/models'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openWorld, type World } from '../world.ts'

let world: World

beforeEach(async () => {
  world = await openWorld()
})

afterEach(() => world[Symbol.asyncDispose]())

test('there are no clusters at first, and their names are listed later', async () => {
  expect((await world.ask('GET', '/clusters')).json()).toEqual([])
  await world.ask('PUT', '/cluster/b', {})
  await world.ask('PUT', '/cluster/a', {})
  expect((await world.ask('GET', '/clusters/')).json()).toEqual(['a', 'b'])
})

test('a new cluster is answered with 201 and without its host set', async () => {
  const answer = await world.ask('PUT', '/cluster/c', { container_manager: 'm', type: 'kubernetes' })
  expect(answer.statusCode).toBe(201)
  expect(answer.body).toBe(
    '{"name":"c","status":"ok","network":"default","container_manager":"m","bootstrap":""}',
  )
})

test('a cluster is shown with its hosts, in the order of the table', async () => {
  await world.ask('PUT', '/cluster/c')
  expect((await world.ask('GET', '/cluster/c')).body).toBe(
    '{"name":"c","status":"ok","network":"default","hostset":[],"container_manager":"",' +
      '"bootstrap":"","hosts":{"total":0,"available":0,"unavailable":0},' +
      '"reboot_needed":{"yes":0,"no":0,"unknown":0,"not_applicable":0}}',
  )
})

test('a cluster is degraded with some of its hosts active, and failed with none', async () => {
  const hostset = ['1.1.1.1', '2.2.2.2']
  await world.storage.save(Cluster, parseModel(Cluster, { name: 'c', hostset }))
  await world.storage.save(Host, parseModel(Host, { address: '1.1.1.1', status: 'active' }))
  expect((await world.ask('GET', '/cluster/c')).json()).toMatchObject({
    status: 'degraded',
    hosts: { total: 2, available: 1, unavailable: 1 },
  })
  await world.storage.save(Host, parseModel(Host, { address: '1.1.1.1', status: 'failed' }))
  expect((await world.ask('GET', '/cluster/c')).json()).toMatchObject({ status: 'failed' })
})

test('a known network is kept, an unknown one becomes the default', async () => {
  await world.storage.save(Network, parseModel(Network, { name: 'n' }))
  expect((await world.ask('PUT', '/cluster/c', { network: 'n' })).json()).toMatchObject({ network: 'n' })
  expect((await world.ask('PUT', '/cluster/d', { network: 'x' })).json()).toMatchObject({
    network: 'default',
  })
})

test('null counts as not given', async () => {
  const answer = await world.ask('PUT', '/cluster/c', { network: null, container_manager: null })
  expect(answer.statusCode).toBe(201)
  expect(answer.json()).toMatchObject({ network: 'default', container_manager: '' })
})

test('changing a cluster changes what is given and keeps its hosts', async () => {
  await world.storage.save(Network, parseModel(Network, { name: 'n' }))
  const before = { name: 'c', network: 'n', hostset: ['1.1.1.1'], container_manager: 'old' }
  await world.storage.save(Cluster, parseModel(Cluster, before))
  const answer = await world.ask('PUT', '/cluster/c', { container_manager: 'new' })
  expect(answer.statusCode).toBe(201)
  expect(await world.storage.get(Cluster, 'c')).toMatchObject({ ...before, container_manager: 'new' })
})

describe('when a cluster gets another container manager', () => {
  async function clusterOfThree() {
    const hosts = [
      { address: '10.0.0.1', status: 'active' },
      { address: '10.0.0.2', status: 'failed', bootstrapped_at: '2026-01-01T00:00:00.000000' },
      { address: '10.0.0.3', status: 'bootstrapping' },
    ]
    for (const host of hosts) await world.storage.save(Host, parseModel(Host, host))
    const hostset = hosts.map(({ address }) => address)
    await world.storage.save(Cluster, parseModel(Cluster, { name: 'c', hostset, container_manager: 'old' }))
    for (const address of ['10.0.0.1', '10.0.0.2']) world.containers.nodes.add(`old/${address}`)
  }

  test('its nodes move: removed from the old one, registered with the new one', async () => {
    await clusterOfThree()
    expect((await world.ask('PUT', '/cluster/c', { container_manager: 'new' })).statusCode).toBe(201)
    expect([...world.containers.nodes].sort()).toEqual(['new/10.0.0.1', 'new/10.0.0.2'])
    const hosts = await Promise.all(
      ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((a) => world.storage.get(Host, a)),
    )
    expect(hosts.map(({ status }) => status)).toEqual(['active', 'failed', 'bootstrapping'])
  })

  test('none at all, they leave the old one and stay active', async () => {
    await clusterOfThree()
    await world.ask('PUT', '/cluster/c', { container_manager: '' })
    expect([...world.containers.nodes]).toEqual([])
    expect(await world.storage.get(Host, '10.0.0.1')).toMatchObject({ status: 'active' })
  })

  test('and the old one is away, nothing changes', async () => {
    await clusterOfThree()
    await world.storage.save(ContainerManagerConfig, { name: 'old', type: 'trivial', options: {} })
    world.containers.failing = true
    expect((await world.ask('PUT', '/cluster/c', { container_manager: 'new' })).statusCode).toBe(502)
    expect(await world.storage.get(Cluster, 'c')).toMatchObject({ container_manager: 'old' })
    world.containers.failing = false
    await world.ask('PUT', '/cluster/c', { container_manager: 'new' })
    expect([...world.containers.nodes].sort()).toEqual(['new/10.0.0.1', 'new/10.0.0.2'])
  })

  test('and the new one is away, asking again mends it', async () => {
    await clusterOfThree()
    world.containers.failing = true
    expect((await world.ask('PUT', '/cluster/c', { container_manager: 'new' })).statusCode).toBe(502)
    world.containers.failing = false
    expect((await world.ask('PUT', '/cluster/c', { container_manager: 'new' })).statusCode).toBe(201)
    expect(world.containers.nodes).toContain('new/10.0.0.1')
  })

  test('the same one again, nothing is asked of it', async () => {
    await clusterOfThree()
    await world.storage.update(Host, '10.0.0.2', (host) => ({ ...host, status: 'active' as const }))
    await world.ask('PUT', '/cluster/c', { container_manager: 'old', network: 'default' })
    expect(world.sent.filter(({ routingKey }) => routingKey.startsWith('container.'))).toEqual([])
  })
})

test('the name in the body, the query or a `_method` changes nothing', async () => {
  await world.ask('PUT', '/cluster/c?name=d&_method=DELETE', { name: 'e', hostset: ['1.1.1.1'] })
  expect((await world.ask('GET', '/clusters')).json()).toEqual(['c'])
  expect((await world.ask('GET', '/cluster/c?_method=DELETE')).json()).toMatchObject({ hostset: [] })
})

test('an unknown cluster is not found', async () => {
  const shown = await world.ask('GET', '/cluster/nope')
  expect(shown.statusCode).toBe(404)
  expect(shown.headers['content-type']).toBe('application/problem+json')
  expect(shown.json()).toEqual({
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    detail: 'There is no cluster "nope".',
  })
  expect((await world.ask('DELETE', '/cluster/nope', {})).statusCode).toBe(404)
})

test('a name that nothing can have is refused where it would be given, and else not found', async () => {
  expect((await world.ask('PUT', '/cluster/a.b', {})).statusCode).toBe(400)
  expect((await world.ask('GET', '/cluster/a.b')).statusCode).toBe(404)
  expect((await world.ask('DELETE', '/cluster/a.b')).statusCode).toBe(404)
})

test.each([[{ network: 7 }], [{ container_manager: ['m'] }], [[]], ['text'], [7]])(
  'the body %j is refused',
  async (body) => {
    const answer = await world.ask('PUT', '/cluster/c', body)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ status: 400, faults: [{}] })
    expect((await world.ask('GET', '/clusters')).json()).toEqual([])
  },
)

test('every fault of a body is named', async () => {
  const { faults } = (await world.ask('PUT', '/cluster/c', { network: 7, container_manager: false })).json()
  expect(faults.map(({ path }: { path: string }) => path)).toEqual(['container_manager', 'network'])
})

test('deleting a cluster removes its nodes, and those of no other cluster', async () => {
  const hosts = Array.from({ length: 20 }, (_, index) => `10.0.0.${index}`)
  for (const address of [...hosts, '10.9.9.9']) {
    await world.storage.save(Host, parseModel(Host, { address, status: 'active' }))
    world.containers.nodes.add(`m/${address}`)
  }
  await world.storage.save(
    Cluster,
    parseModel(Cluster, { name: 'c', hostset: hosts, container_manager: 'm' }),
  )
  const other = { name: 'd', hostset: ['10.9.9.9'], container_manager: 'm' }
  await world.storage.save(Cluster, parseModel(Cluster, other))
  const answer = await world.ask('DELETE', '/cluster/c', {})
  expect([answer.statusCode, answer.json()]).toEqual([200, []])
  expect([...world.containers.nodes]).toEqual(['m/10.9.9.9'])
  expect((await world.storage.get(Host, '10.0.0.7')).status).toBe('disassociated')
  expect((await world.storage.get(Host, '10.9.9.9')).status).toBe('active')
  expect((await world.ask('GET', '/clusters')).json()).toEqual(['d'])
})

test('a cluster whose container manager is away stays, and can be deleted later', async () => {
  await world.ask('PUT', '/containermanager/m', { type: 'trivial' })
  await world.storage.save(
    Cluster,
    parseModel(Cluster, { name: 'c', hostset: ['1.1.1.1'], container_manager: 'm' }),
  )
  world.containers.failing = true
  const answer = await world.ask('DELETE', '/cluster/c')
  expect(answer.statusCode).toBe(502)
  expect(answer.json()).toMatchObject({ detail: expect.stringContaining('The platform is away') })
  world.containers.failing = false
  expect((await world.ask('DELETE', '/cluster/c')).statusCode).toBe(200)
})

test('a cluster whose container manager was removed can be deleted all the same', async () => {
  await world.storage.save(
    Cluster,
    parseModel(Cluster, { name: 'c', hostset: ['1.1.1.1'], container_manager: 'gone' }),
  )
  world.containers.failing = true
  expect((await world.ask('DELETE', '/cluster/c')).statusCode).toBe(200)
})

test('of many who make the same cluster at once, all are answered and one cluster is there', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => world.ask('PUT', '/cluster/c', {})))
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([201]))
  expect((await world.ask('GET', '/clusters')).json()).toEqual(['c'])
})

test('what hosts are prepared for is kept, and only what there is', async () => {
  const put = (bootstrap: unknown) => world.ask('PUT', '/cluster/prepared', { bootstrap })
  expect((await put('docker')).json()).toMatchObject({ bootstrap: 'docker' })
  expect((await put(null)).json()).toMatchObject({ bootstrap: 'docker' })
  expect((await put('podman')).statusCode).toBe(400)
  expect((await put('')).json()).toMatchObject({ bootstrap: '' })
})
