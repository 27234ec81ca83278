/** Who may in, who may not, and who has to wait. */
import { Authentication, openAuthentication } from '../../src/auth/authentication.ts'
import type { Authenticator } from '../../src/auth/authenticator.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { basic, openWorld, operator, recordingLog, type World } from '../world.ts'

let world: World

afterEach(() => world[Symbol.asyncDispose]())

const right = basic(operator.user, operator.password)
const get = (headers: Record<string, string> = {}, url = '/api/v0/clusters') =>
  world.app.inject({ url, headers })

describe('with users', () => {
  beforeEach(async () => {
    world = await openWorld({ failureLimit: { max: 3, window: 60_000 }, selfAuths: ['/api/v0/networks'] })
  })

  test('a right password is let in, and remembered', async () => {
    expect((await get(right)).statusCode).toBe(200)
    expect((await get(right)).statusCode).toBe(200)
  })

  test.each([
    {},
    basic('a', 'b'),
    basic('b', 'a'),
    { authorization: 'Bearer x' },
    { authorization: 'Basic' },
  ])('%j is denied with 403 and a challenge', async (headers) => {
    const answer = await get(headers)
    expect(answer.statusCode).toBe(403)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['www-authenticate']).toEqual(['Basic realm="commissaire", charset="UTF-8"'])
  })

  test('a stranger does not learn what there is', async () => {
    for (const url of ['/api/v0/nothing', '/metrics', '/api/v0/cluster/nope', '/api/v0/hosts/', '/nothing']) {
      expect((await get({}, url)).statusCode).toBe(403)
    }
    expect((await world.app.inject({ method: 'POST', url: '/api/v0/clusters' })).statusCode).toBe(403)
  })

  test.each(['/healthz', '/readyz', '/openapi.json', '/healthz/'])('everybody may see %s', async (url) => {
    expect((await get({}, url)).statusCode).toBe(200)
  })

  test('a path that authenticates itself is not guarded, and no other is', async () => {
    expect((await get({}, '/api/v0/networks')).statusCode).toBe(200)
    expect((await get({}, '/api/v0/networks/?x')).statusCode).toBe(200)
    expect((await get({}, '/api/v0/network/default')).statusCode).toBe(403)
    expect((await get({}, '/api/v0/network%73')).statusCode).toBe(403)
  })

  test('who fails too often has to wait, and who is remembered does not', async () => {
    await get(right)
    for (const password of ['1', '2', '3']) expect((await get(basic('a', password))).statusCode).toBe(403)
    const waiting = await get(basic('a', '4'))
    expect(waiting.statusCode).toBe(429)
    expect(Number(waiting.headers['retry-after'])).toBeGreaterThan(0)
    expect((await get(right)).statusCode).toBe(200)
  })

  test('a burst of guesses does not get through together', async () => {
    const guesses = Array.from({ length: 12 }, (_, index) => get(basic('a', `guess ${index}`)))
    const statuses = (await Promise.all(guesses)).map(({ statusCode }) => statusCode)
    expect(statuses.filter((status) => status === 403)).toHaveLength(3)
    expect(statuses.filter((status) => status === 429)).toHaveLength(9)
  })

  test('many requests with one right password are all let in', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(right)))
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
  })

  test('requests without credentials guess nothing, and nobody waits for them', async () => {
    for (let index = 0; index < 10; index++) expect((await get()).statusCode).toBe(403)
    expect((await get(right)).statusCode).toBe(200)
  })

  test('neither a password nor a header is in the log', async () => {
    await get(basic('a', 'hunter2'))
    await get({ ...right, cookie: 'hunter3' })
    const log = JSON.stringify(world.log)
    expect(log).toContain('Denied')
    for (const secret of [
      'hunter2',
      'hunter3',
      right.authorization.slice(6),
      basic('a', 'hunter2').authorization.slice(6),
    ]) {
      expect(log).not.toContain(secret)
    }
  })
})

test('with no plugin configured everything is denied, and the log says so', async () => {
  const { log, lines } = recordingLog()
  world = await openWorld({ auth: await openAuthentication([], { log }) })
  expect((await get(right)).statusCode).toBe(403)
  expect((await get(right)).headers['www-authenticate']).toBeUndefined()
  expect(lines.map(({ sentence }) => sentence)).toEqual([
    'No authentication plugin is configured: every request is denied. Add one to "authentication-plugins"',
  ])
})

test('a plugin that neither decides nor heeds its signal is waited for no longer than the limit', async () => {
  const { log, lines } = recordingLog()
  const named = (authenticate: Authenticator['authenticate']) => ({
    name: 'p',
    authenticator: { authenticate },
  })
  const deaf = named(() => new Promise(() => {}))
  world = await openWorld({ auth: new Authentication([deaf], { log, timeLimit: 50 }) })
  const answer = await get(right)
  expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([503, undefined])
  expect(lines).toMatchObject([{ facts: { plugin: 'p', reason: 'it did not decide within 50 ms' } }])
})

test('the secret of a plugin may be in a header of its own: it is remembered, and guesses are counted', async () => {
  const { log } = recordingLog()
  let asked = 0
  const authenticate: Authenticator['authenticate'] = async ({ headers }) => {
    asked++
    return headers['x-api-key'] === 'k' ? { user: 'u', rememberFor: 60_000 } : undefined
  }
  const auth = new Authentication([{ name: 'p', authenticator: { header: 'x-api-key', authenticate } }], {
    log,
  })
  world = await openWorld({ auth, failureLimit: { max: 2, window: 60_000 } })
  for (let index = 0; index < 2; index++) expect((await get({ 'x-api-key': 'k' })).statusCode).toBe(200)
  expect(asked).toBe(1)
  for (const guess of ['1', '2']) expect((await get({ 'x-api-key': guess })).statusCode).toBe(403)
  expect((await get({ 'x-api-key': '3' })).statusCode).toBe(429)
})

test('plugins are tried in order, one that fails lets nobody in, and a token goes out with the answer', async () => {
  const { log, lines } = recordingLog()
  const asked: string[] = []
  const plugin = (name: string, authenticate: Authenticator['authenticate']) => ({
    name,
    authenticator: {
      authenticate: async (...args: Parameters<Authenticator['authenticate']>) => {
        asked.push(name)
        return authenticate(...args)
      },
    },
  })
  const auth = new Authentication(
    [
      plugin('nobody', async () => undefined),
      plugin('broken', () => Promise.reject(new Error('away'))),
      plugin('token', async () => ({ user: 't', headers: { 'x-subject-token': 'fresh' } })),
      plugin('late', async () => ({ user: 'never' })),
    ],
    { log },
  )
  world = await openWorld({ auth })
  const answer = await get(right)
  expect([answer.statusCode, answer.headers['x-subject-token']]).toEqual([200, 'fresh'])
  expect(asked).toEqual(['nobody', 'broken', 'token'])
  expect(lines).toMatchObject([{ level: 'warn', facts: { plugin: 'broken', reason: 'away' } }])
})
