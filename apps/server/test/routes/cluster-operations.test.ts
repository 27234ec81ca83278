/** Rolling operations: started by PUT, looked at by GET. */
import { ClusterUpgrade, parseModel } from '@commissaire/models'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openWorld, type World } from '../world.ts'

let world: World

beforeEach(async () => {
  world = await openWorld()
  await world.ask('PUT', '/cluster/c', {})
})

afterEach(() => world[Symbol.asyncDispose]())

test.each(['upgrade', 'restart'])('%s starts without a body, and with an empty one', async (verb) => {
  for (const body of [undefined, {}]) {
    const answer = await world.ask('PUT', `/cluster/c/${verb}`, body)
    expect(answer.statusCode).toBe(201)
    expect(Object.keys(answer.json()).slice(0, 3)).toEqual([
      'name',
      'status',
      verb === 'upgrade' ? 'upgraded' : 'restarted',
    ])
    expect(answer.json()).toMatchObject({ name: 'c', status: 'in_process', in_process: [], finished_at: '' })
  }
  expect(world.sent.at(-1)).toEqual({ routingKey: `jobs.clusterexec.${verb}`, params: ['c'] })
})

test('a deployment starts with a version', async () => {
  const answer = await world.ask('PUT', '/cluster/c/deploy', { version: '7.2.6' })
  expect(answer.statusCode).toBe(201)
  expect(answer.json()).toMatchObject({ name: 'c', status: 'in_process', version: '7.2.6', deployed: [] })
  expect(world.sent.at(-1)).toEqual({ routingKey: 'jobs.clusterexec.deploy', params: ['c', '7.2.6'] })
})

test.each([[{}], [{ version: '' }], [{ version: 7 }], [{ version: null }], [undefined]])(
  'a deployment does not start with %j',
  async (body) => {
    expect((await world.ask('PUT', '/cluster/c/deploy', body)).statusCode).toBe(400)
  },
)

test.each(['deploy', 'upgrade', 'restart'])('%s needs a cluster', async (verb) => {
  expect((await world.ask('PUT', `/cluster/nope/${verb}`, { version: '1' })).statusCode).toBe(404)
  expect((await world.ask('GET', `/cluster/nope/${verb}`)).statusCode).toBe(404)
  expect((await world.ask('GET', `/cluster/c/${verb}`)).statusCode).toBe(404)
})

test('what the service refuses is refused in its words', async () => {
  const answer = await world.ask('PUT', '/cluster/c/deploy', { version: 'busy' })
  expect(answer.statusCode).toBe(409)
  expect(answer.json()).toMatchObject({ detail: 'A deployment is in process' })
})

test('progress is what is stored', async () => {
  const progress = {
    name: 'c',
    status: 'finished',
    upgraded: ['1.1.1.1'],
    finished_at: '2015-12-17T15:48:18.710454',
  }
  await world.storage.save(ClusterUpgrade, parseModel(ClusterUpgrade, progress))
  const answer = await world.ask('GET', '/cluster/c/upgrade')
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toMatchObject(progress)
})
