/** `commctl host list` with filters: pages of the real server, followed to their end. */
import assert from 'node:assert/strict'
import { Host, parseModel } from '@commissaire/models'
import { afterAll, beforeAll, test } from 'vitest'
import { openWorld, type World } from './world.ts'

let world: World

beforeAll(async () => {
  world = await openWorld()
  const hosts = Array.from({ length: 620 }, (_, index) =>
    parseModel(Host, {
      address: `10.0.${index >> 8}.${index & 255}`,
      status: index === 7 ? 'failed' : 'active',
      status_reason: index === 7 ? 'unreachable: it is off' : '',
      os: 'debian',
    }),
  )
  await world.storage.saveAll(Host, hosts)
})
afterAll(() => world[Symbol.asyncDispose]())

const names = async (words: string): Promise<string[]> => {
  const { stdout, stderr, status } = await world.commctl(`${words} -o name`)
  assert.equal(status, 0, stderr)
  return stdout.trim().split('\n')
}

test('reads every page of what matches', async () => {
  assert.equal((await names('host list --status active')).length, 619)
  assert.deepEqual(await names('host list --status failed'), ['10.0.0.7'])
  assert.deepEqual(await names('host list -q UNREACHABLE'), ['10.0.0.7'])
})

test('stops at the limit', async () => {
  assert.deepEqual(await names('host list --limit 2'), ['10.0.0.0', '10.0.0.1'])
  assert.equal((await names('host list --os debian --limit 501')).length, 501)
})

test('shows only the fields that are named', async () => {
  const { stdout } = await world.commctl('host list --status failed --fields address,os -o json')
  assert.deepEqual(JSON.parse(stdout), [{ address: '10.0.0.7', os: 'debian' }])
})

test.each([
  ['host list --limit 0', /--limit is "0"; it must be a whole number of at least 1/],
  ['host list --status lost', /status/],
  ['host list --fields secrets', /fields/],
])('%s says what is wrong', async (words, message) => {
  const { status, stderr } = await world.commctl(words)
  assert.equal(status, 2)
  assert.match(stderr, message)
})
