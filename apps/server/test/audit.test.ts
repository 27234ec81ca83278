/** The lines of the log that say who changed what. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openAuthentication } from '../src/auth/authentication.ts'
import { basic, openWorld, operator, recordingLog, type World } from './world.ts'

let world: World

beforeEach(async () => {
  const { hash } = operator
  const users = { a: { hash }, v: { hash, role: 'viewer' } }
  const { log } = recordingLog()
  world = await openWorld({ auth: await openAuthentication([{ name: 'httpbasicauth', users }], { log }) })
})
afterEach(() => world[Symbol.asyncDispose]())

const audited = () => world.log.filter(({ facts }) => facts['audit']).map(({ facts }) => facts)

test('each change has one line: who, what, from where, and what came of it', async () => {
  await world.ask('PUT', '/cluster/c', { network: 'default' })
  await world.ask('DELETE', '/cluster/nope?secret=1')
  const common = {
    audit: true,
    id: expect.any(String),
    ms: expect.any(Number),
    user: 'a',
    role: 'admin',
    ip: '127.0.0.1',
  }
  const route = '/api/v0/cluster/:name'
  expect(audited()).toEqual([
    { ...common, method: 'PUT', path: '/api/v0/cluster/c', route, status: 201, outcome: 'done' },
    { ...common, method: 'DELETE', path: '/api/v0/cluster/nope', route, status: 404, outcome: 'refused' },
  ])
})

test('who is denied is written down too, with the name where there is one', async () => {
  const put = { method: 'PUT', url: '/api/v0/cluster/c' } as const
  await world.app.inject(put)
  await world.app.inject({ ...put, headers: basic('v', operator.password) })
  expect(audited()).toMatchObject([
    { user: null, role: null, status: 403, outcome: 'denied' },
    { user: 'v', role: 'viewer', status: 403, outcome: 'denied' },
  ])
})

test('to read is not to change, but to read credentials is written down', async () => {
  await world.ask('GET', '/clusters')
  await world.ask('GET', '/nothing')
  await world.ask('GET', '/host/1.2.3.4/creds')
  expect(audited()).toMatchObject([{ user: 'a', method: 'GET', path: '/api/v0/host/1.2.3.4/creds' }])
})

test('neither bodies nor secrets are in it', async () => {
  const key = Buffer.from('hunter2').toString('base64')
  await world.ask('PUT', '/host/1.2.3.4', { ssh_priv_key: key })
  await world.ask('PUT', '/containermanager/k', { type: 'trivial', options: { token: 'hunter3' } })
  expect(audited()).toHaveLength(2)
  for (const secret of [key, 'hunter3', basic('a', 'a').authorization])
    expect(JSON.stringify(audited())).not.toContain(secret)
})

test('what is asked of the service of old comes with the name of who asks, beside the arguments', async () => {
  const senders: unknown[] = []
  const { bus } = world
  await using tap = await openWorld({
    bus: {
      dead: bus.dead,
      listen: (...args) => bus.listen(...args),
      rollCall: (...args) => bus.rollCall(...args),
      notify: (...args) => bus.notify(...args),
      publish: (...args) => bus.publish(...args),
      request: (key, params, options) => {
        senders.push([key, params, options?.headers])
        return bus.request(key, params, options)
      },
    },
  })
  await world.ask('PUT', '/cluster/c', {})
  await tap.ask('PUT', '/cluster/c', {})
  await tap.ask('PUT', '/cluster/c/upgrade')
  expect(senders).toEqual([['jobs.clusterexec.upgrade', ['c'], { by: 'a' }]])
})
