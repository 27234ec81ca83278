/** Tokens of OpenShift, checked with a double of it over real HTTP. */
import { afterEach, describe, expect, test } from 'vitest'
import { openAuthentication } from '../../src/auth/authentication.ts'
import { OpenshiftDouble } from '../doubles/openshift-double.ts'
import { type LogLine, openWorld, recordingLog, type World } from '../world.ts'

let world: World | undefined
let lines: LogLine[] = []

afterEach(() => world?.[Symbol.asyncDispose]())

async function serve(openshift: OpenshiftDouble) {
  const recording = recordingLog()
  lines = recording.lines
  const plugin = { name: 'openshiftbearertokenauth', 'openshift-endpoint': `${openshift.url}/` }
  const auth = await openAuthentication([plugin], { log: recording.log })
  world = await openWorld({ auth, log: recording.log, failureLimit: { max: 3, window: 60_000 } })
  const { app } = world
  return (authorization: string) => app.inject({ url: '/api/v0/clusters', headers: { authorization } })
}

describe.each([{ older: false }, { older: true }])('where the paths are %j', (age) => {
  test('who holds a token is let in, and remembered', async () => {
    await using openshift = await new OpenshiftDouble({ 'sha256~abc-1': 'alice' }, age).listen()
    const get = await serve(openshift)
    expect((await get('Bearer sha256~abc-1')).statusCode).toBe(200)
    const { length } = openshift.asked
    expect((await get('Bearer sha256~abc-1')).statusCode).toBe(200)
    expect(openshift.asked).toHaveLength(length)
    expect(lines.findLast(({ sentence }) => sentence === 'Answered')?.facts['user']).toBe('alice')
  })

  test('a wrong token is denied with a challenge, and guesses are counted', async () => {
    await using openshift = await new OpenshiftDouble({ abc: 'alice' }, age).listen()
    const get = await serve(openshift)
    const answer = await get('Bearer x')
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([
      403,
      ['Bearer realm="commissaire"'],
    ])
    for (const guess of ['y', 'z']) expect((await get(`Bearer ${guess}`)).statusCode).toBe(403)
    expect((await get('Bearer w')).statusCode).toBe(429)
  })
})

test('while OpenShift is down nobody is let in, and the log says why', async () => {
  const openshift = await new OpenshiftDouble({ abc: 'alice' }).listen()
  const get = await serve(openshift)
  await openshift.stop()
  expect((await get('Bearer abc')).statusCode).toBe(503)
  expect(lines.find(({ facts }) => 'plugin' in facts)?.facts['reason']).toContain('ECONNREFUSED')
})

test('a server that is no OpenShift lets nobody in', async () => {
  await using openshift = await new OpenshiftDouble({ abc: 'alice' }).listen()
  const get = await serve(openshift)
  for (const instead of [{ status: 200, body: { kind: 'User' } }, { status: 404 }, { status: 302 }]) {
    openshift.instead = instead
    expect((await get('Bearer abc')).statusCode).not.toBe(200)
  }
})

test('other schemes are nobody’s, and OpenShift is not asked', async () => {
  await using openshift = await new OpenshiftDouble({ abc: 'alice' }).listen()
  const get = await serve(openshift)
  for (const header of ['Basic YTphYg==', 'Bearer', 'Bearer a b']) {
    expect((await get(header)).statusCode).toBe(403)
  }
  expect(openshift.asked).toEqual([])
})
