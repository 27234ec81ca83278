/** Hosts in pages: filters, marks, fields, and what is refused. */
import { Cluster, Host, parseModel } from '@commissaire/models'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openWorld, type World } from '../world.ts'

let world: World
const address = (index: number): string => `10.0.${index >> 8}.${index & 255}`

beforeAll(async () => {
  world = await openWorld()
  for (let index = 0; index < 250; index++) {
    const status = index % 10 === 0 ? 'failed' : 'active'
    const reboot = { needed: index % 5 === 0 ? 'yes' : 'no' }
    const facts = { kernel: 'x'.repeat(100) }
    const host = { address: address(index), status, os: index % 2 ? 'debian' : 'fedora', reboot, facts }
    await world.storage.save(Host, parseModel(Host, host))
  }
  const hostset = [address(3), address(10), address(20), 'gone']
  await world.storage.save(Cluster, parseModel(Cluster, { name: 'web', hostset }))
})
afterAll(() => world[Symbol.asyncDispose]())

interface ShownHost {
  readonly address: string
  readonly facts?: object
}

async function page(query: string): Promise<{ hosts: ShownHost[]; next: string | undefined }> {
  const answer = await world.ask('GET', query.startsWith('/api') ? query : `/hosts?${query}`)
  expect(answer.statusCode, answer.body).toBe(200)
  const [, next] = /<(.*)>; rel="next"/.exec(String(answer.headers['link'] ?? '')) ?? []
  return { hosts: answer.json(), next }
}

test('pages follow each other in the order of addresses, and together are all hosts', async () => {
  const seen: string[] = []
  const sizes: number[] = []
  for (let url: string | undefined = 'limit=100'; url !== undefined;) {
    const { hosts, next }: Awaited<ReturnType<typeof page>> = await page(url)
    seen.push(...hosts.map((host) => host.address))
    sizes.push(hosts.length)
    url = next
  }
  expect(sizes).toEqual([100, 100, 50])
  expect(seen).toEqual([...new Set(seen)].toSorted((one, other) => (one < other ? -1 : 1)))
  expect(seen).toHaveLength(250)
})

test.each([
  ['status=failed', 25],
  ['os=debian', 125],
  ['reboot=yes', 50],
  ['status=failed&os=debian', 0],
  ['status=unknown', 0],
  ['q=10.0.0.24', 11],
  ['q=DEBIAN&limit=1000', 125],
  ['cluster=web', 3],
  ['cluster=web&status=failed', 2],
])('%s has %i hosts', async (query, count) => {
  const { hosts } = await page(query.includes('limit') ? query : `${query}&limit=1000`)
  expect(hosts).toHaveLength(count)
})

test('a page has no facts unless they are asked for, and a list without parameters is as before', async () => {
  expect((await page('limit=1')).hosts[0]).not.toHaveProperty('facts')
  expect((await page('limit=1&fields=address,facts')).hosts[0]).toEqual({
    address: address(0),
    facts: { kernel: expect.any(String) },
  })
  const { hosts, next } = await page('')
  expect([hosts.length, next]).toEqual([250, undefined])
  expect(hosts[0]).toHaveProperty('facts')
})

test('a cluster in pages goes on where it was', async () => {
  const first = await page('cluster=web&limit=2')
  const second = await page(first.next ?? '')
  expect([...first.hosts, ...second.hosts].map((host) => host.address)).toEqual([
    address(10),
    address(20),
    address(3),
  ])
})

describe('bad input', () => {
  test.each([
    ['limit=0', /limit/],
    ['limit=1001', /limit/],
    ['limit=many', /limit/],
    ['after=nonsense', /page mark/],
    ['status=lost', /status/],
    ['reboot=maybe', /reboot/],
    ['fields=address,secrets', /fields/],
    ['colour=red', /colour/],
    [`q=${'x'.repeat(101)}`, /"q"/],
  ])('%s is one clear 400', async (query, detail) => {
    const answer = await world.ask('GET', `/hosts?${query}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()['detail']).toMatch(detail)
  })

  test('an unknown cluster is 404', async () => {
    expect((await world.ask('GET', '/hosts?cluster=none')).statusCode).toBe(404)
  })
})
