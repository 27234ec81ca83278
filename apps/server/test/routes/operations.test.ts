/** Operations over REST: begun, looked at, and asked for things, with the real services and scripted hosts behind them. */
import { until } from '@commissaire/testing'
import { openAuthentication } from '../../src/auth/authentication.ts'
import { createApp } from '../../src/http/app.ts'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestSystem } from '../../../services/test/system.ts'
import { basic, operator, recordingLog } from '../world.ts'

let system: TestSystem
let app: FastifyInstance
/** What the hosts' commands wait for. */
let gate = Promise.withResolvers<void>()
let addresses: string[]

beforeAll(async () => {
  system = await TestSystem.start({ watcher: false, investigator: false })
  const { log } = recordingLog()
  const users = { a: { hash: operator.hash } }
  const auth = await openAuthentication([{ name: 'httpbasicauth', users }], { log })
  app = createApp({ bus: system.bus, storage: system.storage, auth, log })
  const respond = async ({ command }: { command: string }) => {
    if (command.includes('wait-for-it')) await gate.promise
    return command.includes('hello') ? { stdout: 'hello\nworld\n' } : undefined
  }
  const hosts = [await system.activeHost({ respond }), await system.activeHost({ respond })]
  addresses = hosts.map(({ address }) => address)
  for (const name of ['web', 'db', 'cache']) await system.cluster(name, hosts)
})

afterAll(async () => {
  await app.close()
  await system[Symbol.asyncDispose]()
})

function ask(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object) {
  const headers = { ...basic(operator.user, operator.password), 'content-type': 'application/json' }
  return app.inject({ method, url: `/api/v0${path}`, headers, ...(body && { payload: body }) })
}

async function begin(body: object): Promise<string> {
  const answer = await ask('POST', '/operations', body)
  expect([answer.statusCode, answer.json().status]).toEqual([201, 'in_process'])
  return answer.json().id
}

function untilStatus(id: string, ...statuses: string[]): Promise<Record<string, unknown>> {
  return until(async () => {
    const operation = (await ask('GET', `/operations/${id}`)).json()
    return statuses.includes(operation.status) ? operation : undefined
  })
}

const faultsOf = (answer: LightMyRequestResponse) =>
  answer.json().faults.map(({ path }: { path: string }) => path)

test('one is begun, shown with its hosts, and each host with what happened and what was printed', async () => {
  const id = await begin({ kind: 'exec', cluster: 'web', command: 'echo hello' })
  const operation = await untilStatus(id, 'finished')
  expect(operation).toMatchObject({
    id,
    kind: 'exec',
    cluster: 'web',
    command: 'echo hello',
    hosts: { done: 2 },
    asked_by: operator.user,
    requests: [],
  })
  expect(operation.members).toMatchObject(
    addresses.map((address) => ({ address, state: 'done', reason: '' })),
  )
  expect(JSON.stringify(operation.members)).not.toContain('"journal"')
  const host = (await ask('GET', `/operations/${id}/hosts/${addresses[0]}`)).json()
  expect(host).toMatchObject({ operation: id, address: addresses[0], state: 'done', dropped: 0 })
  expect(host.output).toEqual(expect.arrayContaining(['hello', 'world']))
  expect(host.journal[0]).toMatchObject({ type: 'begun' })
})

test('the list can be narrowed, and a mistyped filter is refused', async () => {
  const id = await begin({ kind: 'exec', cluster: 'db', command: 'true', hosts: [addresses[1]] })
  await untilStatus(id, 'finished')
  const ids = async (query: string) =>
    (await ask('GET', `/operations${query}`)).json().map((operation: { id: string }) => operation.id)
  expect((await ids(''))[0]).toBe(id)
  expect(await ids('?cluster=db')).toEqual([id])
  expect(await ids('?cluster=db&kind=exec&status=finished&limit=1')).toEqual([id])
  expect(await ids('?cluster=db&status=paused')).toEqual([])
  for (const query of ['?clutser=db', '?status=done', '?limit=0', '?limit=x'])
    expect((await ask('GET', `/operations${query}`)).statusCode).toBe(400)
})

test('what is asked of one takes effect: pause, another pace, skip, resume', async () => {
  const [first, second] = addresses
  const id = await begin({ kind: 'exec', cluster: 'web', command: 'wait-for-it' })
  await until(async () => {
    const { members } = (await ask('GET', `/operations/${id}`)).json()
    return members[0].step === 'act' ? members : undefined
  })
  const paused = await ask('PUT', `/operations/${id}/pause`, { reason: 'lunch' })
  expect(paused.statusCode).toBe(201)
  expect(paused.json()).toMatchObject({ status: 'pausing', reason: 'lunch' })
  const skipped = await ask('PUT', `/operations/${id}/skip`, { hosts: [second] })
  expect(skipped.json()).toMatchObject({ hosts: { skipped: 1, working: 1 } })
  expect((await ask('PUT', `/operations/${id}/concurrency`, { max_unavailable: 2 })).statusCode).toBe(201)
  expect((await ask('PUT', `/operations/${id}/resume`)).json()).toMatchObject({ status: 'in_process' })
  gate.resolve()
  const { members, journal, requests } = await untilStatus(id, 'finished', 'failed')
  const by = operator.user
  expect(journal).toMatchObject([
    { type: 'pausing', reason: 'lunch', by },
    { type: 'throttled', by },
    { type: 'resumed', by },
    { type: 'ended' },
  ])
  expect(requests).toMatchObject(['pause', 'skip', 'throttle', 'resume'].map((what) => ({ what, by })))
  const { journal: steps } = (await ask('GET', `/operations/${id}/hosts/${second}`)).json()
  expect(steps).toMatchObject([{ type: 'skipped', by }])
  expect(members).toMatchObject([
    { address: first, state: 'done' },
    { address: second, state: 'skipped' },
  ])
})

test('one that runs is beside no other of its kind in the cluster, and can be cancelled', async () => {
  gate = Promise.withResolvers()
  const policy = { windows: [{ start: '0 3 1 1 *', minutes: 1 }] }
  const begun = await ask('PUT', '/cluster/cache/upgrade', { policy })
  expect(begun.statusCode).toBe(201)
  const id = begun.json().operation
  expect((await ask('GET', `/operations/${id}`)).json().policy.windows).toMatchObject(policy.windows)
  const second = await ask('POST', '/operations', { kind: 'upgrade', cluster: 'cache' })
  expect(second.statusCode).toBe(409)
  expect(second.json().detail).toContain(id)
  expect((await ask('PUT', `/operations/${id}/cancel`, {})).statusCode).toBe(201)
  expect(await untilStatus(id, 'cancelled')).toMatchObject({ hosts: { untouched: 2 } })
  const late = await ask('PUT', `/operations/${id}/pause`)
  expect([late.statusCode, late.json().detail]).toEqual([405, expect.stringContaining('is cancelled')])
})

describe('refused is', () => {
  test.each([
    [{ max_unavailable: 0 }, /^policy\.max_unavailable$/],
    [{ max_failures: -1 }, /policy\.max_failures/],
    [{ max_failure: 1 }, /^policy$/],
    [{ windows: [{ start: '99 * * * *', minutes: 5 }] }, /^policy\.windows\[0\]$/],
    [{ zones: ['mars'] }, /^policy\.zones\[0\]$/],
  ])('the policy %j, with its fault', async (policy, fault) => {
    for (const [method, path, more] of [
      ['PUT', '/cluster/web/restart', {}],
      ['PUT', '/cluster/web/deploy', { version: '1' }],
      ['POST', '/operations', { kind: 'restart', cluster: 'web' }],
    ] as const) {
      const answer = await ask(method, path, { ...more, policy })
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, 'application/problem+json'])
      expect(faultsOf(answer)[0]).toMatch(fault)
    }
  })

  test.each([
    [{ kind: 'dance', cluster: 'web' }, 400],
    [{ kind: 'deploy', cluster: 'web' }, 400],
    [{ kind: 'exec', cluster: 'web' }, 400],
    [{ kind: 'restart', cluster: 'web', host: '127.0.0.9' }, 400],
    [{ kind: 'restart' }, 400],
    [{ kind: 'restart', cluster: 'nowhere' }, 404],
    [{ kind: 'restart', cluster: 'web', hosts: ['192.0.2.1'] }, 404],
  ])('to begin %j, with %i', async (body, status) => {
    expect((await ask('POST', '/operations', body)).statusCode).toBe(status)
  })

  test('a POST that does not say that it is JSON', async () => {
    const headers = basic(operator.user, operator.password)
    const payload = JSON.stringify({ kind: 'restart', cluster: 'web' })
    for (const path of ['/operations', '/operations/plan']) {
      const answer = await app.inject({ method: 'POST', url: `/api/v0${path}`, headers, payload })
      expect(answer.statusCode).toBe(400)
    }
  })

  test('what is not there, and methods that paths do not know', async () => {
    expect((await ask('GET', '/operations/none')).statusCode).toBe(404)
    expect((await ask('GET', '/operations/none/hosts/127.0.0.1')).statusCode).toBe(404)
    expect((await ask('PUT', '/operations/none/pause')).statusCode).toBe(404)
    expect((await ask('DELETE', '/operations')).statusCode).toBe(405)
    expect((await ask('GET', '/operations/plan')).statusCode).toBe(405)
    const [{ id }] = (await ask('GET', '/operations')).json()
    expect((await ask('GET', `/operations/${id}/hosts/192.0.2.1`)).statusCode).toBe(404)
    const stranger = await ask('PUT', `/operations/${id}/skip`, { hosts: ['192.0.2.1'] })
    expect([stranger.statusCode, stranger.json().detail]).toEqual([404, expect.stringContaining('192.0.2.1')])
    expect((await ask('PUT', `/operations/${id}/skip`, { host: '192.0.2.1' })).statusCode).toBe(400)
    expect((await ask('PUT', `/operations/${id}/concurrency`)).statusCode).toBe(400)
  })
})

test('a plan says in which turns it would go, and begins nothing', async () => {
  const answer = await ask('POST', '/operations/plan', { kind: 'restart', cluster: 'web' })
  expect(answer.statusCode).toBe(200)
  const [first, second] = addresses
  expect(answer.json()).toMatchObject({
    kind: 'restart',
    cluster: 'web',
    hosts: [
      { address: first, findings: [{ code: 'machine_id_shared', severity: 'warns' }] },
      { address: second },
    ],
    left_out: [],
    stops: '',
  })
  const [one, other] = answer.json().hosts
  expect(Date.parse(one.begins)).toBeLessThan(Date.parse(one.ends))
  expect(Date.parse(one.ends)).toBeLessThanOrEqual(Date.parse(other.begins))
  expect((await ask('GET', '/operations?kind=restart')).json()).toEqual([])
  expect((await ask('POST', '/operations/plan', { kind: 'restart', cluster: 'nowhere' })).statusCode).toBe(
    404,
  )
})
