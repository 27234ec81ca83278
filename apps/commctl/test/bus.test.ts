/** `commctl bus`: who is there, calls by hand, and messages that were set aside, against the real server. */
import { until } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { CommissaireService, type Message } from '@commissaire/service'
import { openWorld, type World } from './world.ts'

/** Adds, and cannot take apart. */
class Simple extends CommissaireService {
  static override readonly version = '1.2.3'
  static override readonly methods = { add: { params: ['x', 'y'] } }

  on_add(_message: Message, x: number, y: number): number {
    return x + y
  }

  on_fail(): never {
    throw new Error('as it was told')
  }
}

let world: World
let service: Simple

beforeAll(async () => {
  world = await openWorld({ busCalls: true })
  const { bus } = world
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  service = new Simple({ bus, log, queues: [{ name: 'simple', routingKey: 'simple.*' }] })
  await service.start()
})
afterAll(async () => {
  await service.close()
  await world[Symbol.asyncDispose]()
})

test('services lists who is there, briefly, as a table, and one in full', async () => {
  const brief = await world.commctl('bus services')
  assert.equal(brief.status, 0, brief.stderr)
  assert.match(brief.stdout, /- add\(x, y\)/)
  assert.match(
    brief.stdout,
    /processes: 1\n {2}queues:\n {2}- simple\n {2}service: Simple\n {2}version: 1\.2\.3/,
  )
  const table = await world.commctl('bus services -o table')
  assert.match(
    table.stdout,
    /^SERVICE +VERSION +PROCESSES +QUEUES +METHODS\nSimple +1\.2\.3 +1 +simple +add, describe/,
  )
  const one = JSON.parse((await world.commctl('bus services simple -o json')).stdout) as {
    processes: unknown
  }[]
  assert.deepEqual(one.length, 1)
  assert.match((await world.commctl('bus services nobody')).stdout, /No object found/)
})

test('call takes arguments in order and by name', async () => {
  assert.deepEqual(await world.commctl('bus call simple.add 1 2'), { status: 0, stdout: '3\n', stderr: '' })
  const named = await world.home.commctl(['bus', 'call', 'simple.add', '--params', '{"x": 3, "y": 4}'])
  assert.equal(named.stdout, '7\n')
  assert.equal((await world.commctl('bus call simple.add a b')).stdout, 'ab\n')
})

test('what a method throws, and what was typed wrong, end with status 2', async () => {
  const failed = await world.commctl('bus call simple.fail')
  assert.deepEqual([failed.status, failed.stderr], [2, 'commctl: as it was told (InternalError, -32603)\n'])
  assert.match(
    (await world.commctl('bus call simple.ad 1 2')).stderr,
    /did you mean "add"\? \(MethodNotFound/,
  )
  assert.match((await world.commctl('bus call simple.add --params x')).stderr, /--params is no JSON object/)
  assert.match((await world.commctl('bus call simple.add 1 --params []')).stderr, /not both/)
  assert.equal((await world.commctl('bus call storage.get HostCreds {}')).status, 2)
})

test('where calls are not allowed, the remedy is shown', async () => {
  await using other = await openWorld()
  const refused = await other.commctl('bus call simple.add 1 2')
  assert.equal(refused.status, 2)
  assert.match(refused.stderr, /set "bus-calls": true in the configuration of the server/)
})

test('dead lists, shows, tries again and drops', async () => {
  const { bus } = world
  for (const text of ['one', 'two']) await bus.publish('simple.add', text)
  await until(async () => (await bus.dead.list('simple', 9)).length === 2, 'two messages are set aside')
  const [second, first] = (await bus.dead.list('simple', 9)).map(({ id }) => id)
  assert.match((await world.commctl('bus dead list simple -o table')).stdout, /^ID +ROUTING KEY +DEAD AT/)
  assert.equal((await world.commctl('bus dead list simple -o name')).stdout, `${second}\n${first}\n`)
  assert.match((await world.commctl(`bus dead show simple ${first}`)).stdout, /^body: one$/m)
  assert.equal(
    (await world.commctl(`bus dead drop simple ${first} nothing`)).stdout,
    'Success\nNo object found.\n',
  )
  assert.equal((await world.commctl(`bus dead retry simple ${second}`)).stdout, 'Success\n')
  await until(async () => {
    const [again] = await bus.dead.list('simple', 9)
    return again !== undefined && again.id !== second
  }, 'it is tried again, and set aside again')
})
