/** The bus at hand for operators: who is there, calls by hand, and what was set aside. */
import { HostCreds, parseModel } from '@commissaire/models'
import { afterEach, expect, test } from 'vitest'
import { basic, openWorld, operator, type World } from '../world.ts'

let world: World
afterEach(() => world[Symbol.asyncDispose]())

test('every service on the bus is listed, with its methods and processes', async () => {
  world = await openWorld()
  const services = (await world.ask('GET', '/bus/services')).json()
  expect(services.map(({ service }: { service: string }) => service)).toEqual([
    'ClusterExec',
    'Containers',
    'TestStorage',
  ])
  expect(services[2]).toMatchObject({
    version: '0.0.0',
    queues: [{ name: 'storage', routing_keys: ['storage.*'] }],
    processes: [{ pid: process.pid, state: 'running' }],
  })
  expect(services[2].methods).toContainEqual({
    name: 'list',
    arguments: [
      { name: 'model_type_name', required: true },
      { name: 'prefix', required: false },
    ],
    byName: true,
  })
})

test('nothing can be called unless the configuration says so, and the answer says how', async () => {
  world = await openWorld()
  const answer = await world.ask('POST', '/bus/call', { routing_key: 'storage.ping' })
  expect(answer.statusCode).toBe(405)
  expect(answer.json().detail).toContain('set "bus-calls": true')
  expect(world.sent).toEqual([])
})

test('where it is allowed, a method answers, and the log has who called', async () => {
  world = await openWorld({ busCalls: true })
  const call = (body: object) => world.ask('POST', '/bus/call', body)
  expect((await call({ routing_key: 'storage.ping' })).json()).toEqual({ result: 'pong' })
  const named = { routing_key: 'storage.list', params: { model_type_name: 'Clusters' } }
  expect((await call(named)).json()).toEqual({ result: [] })
  const line = world.log.find(({ sentence }) => sentence === 'A method is called over REST')
  expect(line).toMatchObject({ level: 'warn', facts: { user: 'a', routingKey: 'storage.ping' } })
})

test('what a method throws, and a key that nobody serves, are told as they are', async () => {
  world = await openWorld({ busCalls: true })
  const errorOf = async (routing_key: string, params: unknown[] = []) =>
    (await world.ask('POST', '/bus/call', { routing_key, params })).json().error
  expect(await errorOf('storage.lst')).toMatchObject({ name: 'MethodNotFound', code: -32601 })
  expect(await errorOf('storage.get', ['Cluster', { name: 'x' }])).toMatchObject({ code: -20000 })
  expect(await errorOf('nobody.here')).toMatchObject({ name: 'NobodyListens' })
})

test.each([
  ['storage.get', ['HostCreds', { address: '192.0.2.1' }]],
  ['storage.fetch', { model_type_name: 'HostCreds', model_json_data: '{}' }],
  ['storage.x.get', ['HostCreds', '{}']],
  ['storage.save', ['HostCreds', { address: '192.0.2.1', ssh_priv_key: 'x' }]],
  ['storage.delete', [['HostCreds'], {}]],
])('%s of %j is refused, whatever the configuration says', async (routing_key, params) => {
  world = await openWorld({ busCalls: true })
  await world.storage.save(HostCreds, parseModel(HostCreds, { address: '192.0.2.1', ssh_priv_key: 'aaaa' }))
  const answer = await world.ask('POST', '/bus/call', { routing_key, params })
  expect([answer.statusCode, answer.json().detail]).toEqual([
    405,
    'HostCreds is secret: calls on the bus must not concern it.',
  ])
  expect(world.sent).toEqual([])
})

test('a token in what a method returns is hidden', async () => {
  world = await openWorld({ busCalls: true })
  const options = { server_url: 'https://192.0.2.1', token: 'hunter2' }
  await world.ask('PUT', '/containermanager/m', { type: 'kubernetes', options })
  const params = ['ContainerManagerConfig', { name: 'm' }]
  const answer = await world.ask('POST', '/bus/call', { routing_key: 'storage.get', params })
  expect(answer.json().result.options.server_url).toBe('https://192.0.2.1')
  expect(answer.body).not.toContain('hunter2')
})

test.each([{ routing_key: 'ping' }, { routing_key: 'a.*' }, { routing_key: 'a.b', params: 'x' }, {}])(
  'the call %j is a bad request',
  async (body) => {
    world = await openWorld({ busCalls: true })
    expect((await world.ask('POST', '/bus/call', body)).statusCode).toBe(400)
  },
)

test('a page of somebody else cannot make a browser call', async () => {
  world = await openWorld({ busCalls: true })
  const headers = { ...basic(operator.user, operator.password), 'content-type': 'text/plain' }
  const payload = JSON.stringify({ routing_key: 'storage.ping' })
  const answer = await world.app.inject({ method: 'POST', url: '/api/v0/bus/call', headers, payload })
  expect([answer.statusCode, world.sent]).toEqual([400, []])
})

/** Sets messages aside: bare text is nothing a storage service takes. */
async function setAside(...texts: string[]): Promise<string[]> {
  for (const text of texts) await world.bus.publish('storage.save', text)
  await expect.poll(async () => (await world.bus.dead.list('storage', 10)).length).toBe(texts.length)
  return (await world.bus.dead.list('storage', 10)).map(({ id }) => id)
}

test('messages that were set aside are listed, shown, tried again and dropped', async () => {
  world = await openWorld()
  const [second, first] = await setAside('first', '{"token": "hunter2", "x": 1}')
  const list = (await world.ask('GET', '/bus/dead/storage')).json()
  expect(list).toMatchObject([{ id: second, routing_key: 'storage.save' }, { id: first }])
  expect(list[0]).not.toHaveProperty('body')
  const shown = (await world.ask('GET', `/bus/dead/storage/${second}`)).json()
  expect(shown).toMatchObject({ id: second, reason: expect.stringContaining('InvalidRequest') })
  expect(JSON.parse(shown.body)).toEqual({ token: '[hidden]', x: 1 })
  expect((await world.ask('POST', `/bus/dead/storage/${first}/retry`)).json()).toEqual([])
  await expect.poll(async () => (await world.bus.dead.list('storage', 10))[0]?.id).not.toBe(second)
  for (const { id } of await world.bus.dead.list('storage', 10)) {
    expect((await world.ask('DELETE', `/bus/dead/storage/${id}`)).statusCode).toBe(200)
  }
  expect((await world.ask('GET', '/bus/dead/storage')).json()).toEqual([])
})

test('a message that concerns a secret model is listed, and its body is hidden', async () => {
  world = await openWorld()
  const [id] = await setAside('["HostCreds", "ssh_priv_key hunter2"]')
  const { body } = await world.ask('GET', `/bus/dead/storage/${id}`)
  expect(body).not.toContain('hunter2')
  expect(body).toContain('[hidden: it concerns HostCreds]')
})

test.each(['GET', 'DELETE'])('%s of a message that is not there is 404', async (method) => {
  world = await openWorld()
  expect((await world.ask(method, '/bus/dead/storage/nothing')).statusCode).toBe(404)
  expect((await world.ask('POST', '/bus/dead/storage/nothing/retry')).statusCode).toBe(404)
})
