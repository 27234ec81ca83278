/** The hosts of a cluster: the set as a whole, and each membership. */
import { Cluster, Host, parseModel } from '@commissaire/models'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openWorld, type World } from '../world.ts'

let world: World

beforeEach(async () => {
  world = await openWorld()
  await world.ask('PUT', '/cluster/c', { container_manager: 'm' })
})

afterEach(() => world[Symbol.asyncDispose]())

async function host(address: string, status: Host['status'] = 'disassociated'): Promise<string> {
  await world.storage.save(Host, parseModel(Host, { address, status }))
  return address
}

async function hostset(): Promise<string[]> {
  return (await world.ask('GET', '/cluster/c/hosts')).json<string[]>()
}

test('the set is empty at first, and unknown for an unknown cluster', async () => {
  expect(await hostset()).toEqual([])
  expect((await world.ask('GET', '/cluster/nope/hosts')).statusCode).toBe(404)
})

test('the set is replaced when the old one is right, and nodes and statuses follow', async () => {
  const [a, b, c] = [await host('1.1.1.1'), await host('2.2.2.2'), await host('3.3.3.3', 'active')]
  const first = await world.ask('PUT', '/cluster/c/hosts', { old: [], new: [a, b, b] })
  expect(first.statusCode).toBe(200)
  expect(first.json()).toMatchObject({ hostset: [a, b], status: 'ok', hosts: { total: 2, available: 2 } })
  const second = await world.ask('PUT', '/cluster/c/hosts', { old: [b, a], new: [c, b] })
  expect(second.statusCode).toBe(200)
  expect(new Set(await hostset())).toEqual(new Set([b, c]))
  expect(world.containers.nodes).toEqual(new Set([`m/${b}`, `m/${c}`]))
  expect((await world.storage.get(Host, a)).status).toBe('disassociated')
  expect((await world.storage.get(Host, b)).status).toBe('active')
})

test('a wrong old set is a conflict, and nothing changes', async () => {
  const a = await host('1.1.1.1')
  const answer = await world.ask('PUT', '/cluster/c/hosts', { old: [a], new: [] })
  expect(answer.statusCode).toBe(409)
  await world.ask('PUT', '/cluster/c/hosts', { old: [], new: [a] })
  expect((await world.ask('PUT', '/cluster/c/hosts', { old: [], new: [] })).statusCode).toBe(409)
  expect(await hostset()).toEqual([a])
})

test.each(['', 'investigating', 'bootstrapping', 'failed'] as const)(
  'a new host that is "%s" may not join, in either way',
  async (status) => {
    const a = await host('1.1.1.1', status)
    const set = await world.ask('PUT', '/cluster/c/hosts', { old: [], new: [a] })
    expect(set.statusCode).toBe(405)
    expect(set.headers['allow']).toBe('GET, HEAD')
    expect((await world.ask('PUT', `/cluster/c/hosts/${a}`)).statusCode).toBe(405)
    expect(await hostset()).toEqual([])
  },
)

test('a member that is not well may stay', async () => {
  const [a, b] = [await host('1.1.1.1', 'failed'), await host('2.2.2.2')]
  await world.storage.update(Cluster, 'c', (cluster) => ({ ...cluster, hostset: [a] }))
  expect((await world.ask('PUT', '/cluster/c/hosts', { old: [a], new: [a, b] })).statusCode).toBe(200)
})

test.each([
  [{}],
  [{ old: [] }],
  [{ new: [] }],
  [{ old: [], new: 'a' }],
  [{ old: [], new: [7] }],
  [{ old: null, new: [] }],
  [{ old: [], new: ['a/b'] }],
])('the body %j is malformed', async (body) => {
  expect((await world.ask('PUT', '/cluster/c/hosts', body)).statusCode).toBe(400)
})

test('hosts and clusters that are not there are not found', async () => {
  const a = await host('1.1.1.1')
  expect((await world.ask('PUT', '/cluster/c/hosts', { old: [], new: ['9.9.9.9'] })).statusCode).toBe(404)
  expect((await world.ask('PUT', '/cluster/nope/hosts', { old: [], new: [] })).statusCode).toBe(404)
  expect((await world.ask('PUT', '/cluster/c/hosts/9.9.9.9')).statusCode).toBe(404)
  expect((await world.ask('PUT', `/cluster/nope/hosts/${a}`)).statusCode).toBe(404)
  expect((await world.ask('GET', `/cluster/c/hosts/${a}`)).statusCode).toBe(404)
  expect((await world.ask('GET', `/cluster/nope/hosts/${a}`)).statusCode).toBe(404)
  expect((await world.ask('DELETE', `/cluster/nope/hosts/${a}`)).statusCode).toBe(404)
})

test('a host joins, twice if need be, and leaves, twice if need be', async () => {
  const a = await host('fe80::1')
  for (const _ of [1, 2]) {
    const joined = await world.ask('PUT', `/cluster/c/hosts/${a}/`)
    expect([joined.statusCode, joined.json()]).toEqual([200, [a]])
  }
  expect(await hostset()).toEqual([a])
  expect(world.containers.nodes).toEqual(new Set([`m/${a}`]))
  expect((await world.storage.get(Host, a)).status).toBe('active')
  expect((await world.ask('GET', `/cluster/c/hosts/${a}`)).json()).toEqual([a])
  for (const _ of [1, 2]) {
    const left = await world.ask('DELETE', `/cluster/c/hosts/${a}`, {})
    expect([left.statusCode, left.json()]).toEqual([200, []])
  }
  expect(world.containers.nodes.size).toBe(0)
  expect((await world.storage.get(Host, a)).status).toBe('disassociated')
})

test('in a cluster without a container manager a host is active at once', async () => {
  await world.ask('PUT', '/cluster/d', {})
  const a = await host('1.1.1.1')
  await world.ask('PUT', `/cluster/d/hosts/${a}`)
  expect((await world.storage.get(Host, a)).status).toBe('active')
  expect(world.containers.nodes.size).toBe(0)
})

test('joining again mends what a container manager that was away left undone', async () => {
  const a = await host('1.1.1.1')
  world.containers.failing = true
  expect((await world.ask('PUT', `/cluster/c/hosts/${a}`)).statusCode).toBe(502)
  expect((await world.storage.get(Host, a)).status).toBe('disassociated')
  world.containers.failing = false
  expect((await world.ask('PUT', `/cluster/c/hosts/${a}`)).statusCode).toBe(200)
  expect(world.containers.nodes).toEqual(new Set([`m/${a}`]))
  expect((await world.storage.get(Host, a)).status).toBe('active')
})

test('the same set again mends what a container manager that was away left undone', async () => {
  const a = await host('1.1.1.1')
  world.containers.failing = true
  expect((await world.ask('PUT', '/cluster/c/hosts', { old: [], new: [a] })).statusCode).toBe(502)
  expect(await hostset()).toEqual([a])
  world.containers.failing = false
  const again = await world.ask('PUT', '/cluster/c/hosts', { old: [a], new: [a] })
  expect(again.json()).toMatchObject({ status: 'ok' })
  expect(world.containers.nodes).toEqual(new Set([`m/${a}`]))
})

test('of many who replace the same set at once, one wins and the others are told', async () => {
  const addresses = await Promise.all(Array.from({ length: 8 }, (_, index) => host(`10.0.0.${index}`)))
  const answers = await Promise.all(
    addresses.map((address) => world.ask('PUT', '/cluster/c/hosts', { old: [], new: [address] })),
  )
  const statuses = answers.map(({ statusCode }) => statusCode).sort((a, b) => a - b)
  expect(statuses).toEqual([200, ...Array.from({ length: 7 }, () => 409)])
  const winner = addresses[answers.findIndex(({ statusCode }) => statusCode === 200)]
  expect(await hostset()).toEqual([winner])
  expect(world.containers.nodes).toEqual(new Set([`m/${winner}`]))
})

test('of many hosts that join at once, none is lost', async () => {
  const addresses = await Promise.all(Array.from({ length: 20 }, (_, index) => host(`10.0.0.${index}`)))
  await Promise.all(addresses.map((address) => world.ask('PUT', `/cluster/c/hosts/${address}`)))
  expect(new Set(await hostset())).toEqual(new Set(addresses))
})
