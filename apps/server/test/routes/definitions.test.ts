/** Networks and container managers: given once, the same again is fine, something else is not. */
import { Cluster, ContainerManagerConfig, Network, parseModel } from '@commissaire/models'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openWorld, type World } from '../world.ts'

let world: World

beforeEach(async () => {
  world = await openWorld()
})

afterEach(() => world[Symbol.asyncDispose]())

const kinds = [
  {
    list: '/networks',
    one: '/network',
    model: Network,
    body: { type: 'flannel_server', options: { address: '1.2.3.4:8080' } },
    shown: { type: 'flannel_server', options: { address: '1.2.3.4:8080' } },
    different: { type: 'flannel_server', options: { address: '1.2.3.4:9090' } },
    wrong: [{ type: 'vxlan' }, { type: 'flannel_server' }, { options: [] }, { type: 7 }],
    plain: 'flannel_etcd',
  },
  {
    list: '/containermanagers',
    one: '/containermanager',
    model: ContainerManagerConfig,
    body: { type: 'openshift', options: { server_url: 'https://127.0.0.1:8443', token: 't' } },
    shown: { type: 'openshift', options: { server_url: 'https://127.0.0.1:8443', token: '***' } },
    different: { type: 'trivial' },
    wrong: [
      { type: 'nomad' },
      { type: 'openshift' },
      { options: { server_url: 7 } },
      { type: 'trivial', options: 'x' },
    ],
    plain: undefined,
  },
] as const

describe.each(kinds)('$list', ({ list, one, model, body, shown, different, wrong, plain }) => {
  test('one is made, shown and listed', async () => {
    const made = await world.ask('PUT', `${one}/n1`, body)
    expect(made.statusCode).toBe(201)
    expect(made.body).toBe(JSON.stringify({ name: 'n1', ...shown }))
    expect((await world.ask('GET', `${one}/n1/`)).json()).toEqual({ name: 'n1', ...shown })
    expect((await world.ask('GET', list)).json()).toContain('n1')
  })

  test('the same again is fine, something else is a conflict', async () => {
    await world.ask('PUT', `${one}/n1`, body)
    expect((await world.ask('PUT', `${one}/n1`, { name: 'n2', ...body })).statusCode).toBe(201)
    expect((await world.ask('PUT', `${one}/n1`, different)).statusCode).toBe(409)
    expect(await world.storage.get<object>(model, 'n1')).toMatchObject(body)
  })

  test.each(wrong.map((data) => [data as object]))('%j is refused', async (data) => {
    const answer = await world.ask('PUT', `${one}/n1`, data)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().faults.length).toBeGreaterThan(0)
    expect((await world.ask('GET', `${one}/n1`)).statusCode).toBe(404)
  })

  test('one is removed, and then is not there', async () => {
    await world.ask('PUT', `${one}/n1`, body)
    const removed = await world.ask('DELETE', `${one}/n1`, {})
    expect([removed.statusCode, removed.json()]).toEqual([200, []])
    expect((await world.ask('GET', `${one}/n1`)).statusCode).toBe(404)
    expect((await world.ask('DELETE', `${one}/n1`)).statusCode).toBe(404)
  })

  test('null counts as not given', async () => {
    const answer = await world.ask('PUT', `${one}/n1`, { type: null, options: null })
    expect(answer.statusCode).toBe(plain === undefined ? 400 : 201)
    if (plain !== undefined) expect(answer.json()).toMatchObject({ type: plain, options: {} })
  })

  test('of many who make the same one at once, all are answered', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => world.ask('PUT', `${one}/n1`, body)))
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([201]))
  })
})

test('the default network is there from the start', async () => {
  expect((await world.ask('GET', '/networks')).json()).toEqual(['default'])
  expect((await world.ask('GET', '/network/default')).json()).toEqual({
    name: 'default',
    type: 'flannel_etcd',
    options: {},
  })
})

test('the default network stays while a cluster uses it', async () => {
  await world.ask('PUT', '/cluster/c', {})
  const refused = await world.ask('DELETE', '/network/default')
  expect(refused.statusCode).toBe(405)
  expect(refused.json()).toMatchObject({ detail: 'The network "default" is in use by c.' })
  await world.ask('PUT', '/network/n', {})
  await world.storage.save(Cluster, parseModel(Cluster, { name: 'c', network: 'n' }))
  expect((await world.ask('DELETE', '/network/default')).statusCode).toBe(200)
})

test('the token of a container manager is not shown, and what was shown is the same again', async () => {
  const body = { type: 'kubernetes', options: { server_url: 'https://127.0.0.1:6443', token: 'pa55' } }
  await world.ask('PUT', '/containermanager/m', body)
  const shown = (await world.ask('GET', '/containermanager/m')).json<object>()
  expect(shown).toMatchObject({ options: { token: '***' } })
  expect((await world.ask('PUT', '/containermanager/m', shown)).statusCode).toBe(201)
  const other = { ...body, options: { ...body.options, token: 'other' } }
  expect((await world.ask('PUT', '/containermanager/m', other)).statusCode).toBe(409)
  expect(await world.storage.get(ContainerManagerConfig, 'm')).toMatchObject(body)
  expect(JSON.stringify(world.log)).not.toContain('pa55')
})

test('a blank in place of a token is refused where there is no token yet', async () => {
  const body = { type: 'kubernetes', options: { server_url: 'https://127.0.0.1:6443', token: '***' } }
  const answer = await world.ask('PUT', '/containermanager/m', body)
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ faults: [{ path: 'options.token' }] })
})
