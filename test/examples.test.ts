/** Runs each example as the manual says, in processes of its own, over a real Redis. */
import { haveRedis, RedisServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type Bus, connect } from '@commissaire/bus'
import type { Calculator } from '../examples/calculator.ts'
import type { MyService } from '../examples/my-service.ts'
import type { SimpleService } from '../examples/simple-service.ts'
import { Program } from '../packages/service/test/program/program.ts'

const root = resolve(import.meta.dirname, '..')
const examples = join(root, 'examples')
const start = (name: string, args: string[], environment = {}) =>
  new Program(join(examples, 'run.ts'), [name, ...args], { environment })

describe.skipIf(!haveRedis)('an example', { timeout: 180_000 }, () => {
  let redis: RedisServer
  let bus: Bus

  beforeAll(async () => {
    redis = await RedisServer.start()
    bus = await connect(redis.url)
  })

  afterAll(async () => {
    await bus.close()
    await redis[Symbol.asyncDispose]()
  })

  for (const processes of ['1', '2']) {
    test(`simple-service answers from ${processes} process(es), and caller calls it`, async () => {
      await using service = start('simple-service', ['--bus-uri', redis.url, '--processes', processes])
      await service.said(
        processes === '1' ? 'SimpleService is running' : 'SimpleService is ready in 2 processes',
      )
      const simple = bus.client<SimpleService>('simple')
      assert.equal(await simple.add(1, 2), 3)
      assert.equal(await simple.ping(), 'pong')
      assert.deepEqual(await simple.echo({ words: ['one'] }), { words: ['one'] })
      await using caller = start('caller', ['--bus-uri', redis.url])
      assert.deepEqual(await caller.ended, { code: 0, signal: null })
      assert.deepEqual(caller.text, [
        '3',
        'Adding 3 plus 4 results in 7',
        '-32603 I was never created (NotImplementedError)',
      ])
      service.signal('SIGTERM')
      assert.deepEqual(await service.ended, { code: 0, signal: null })
    })
  }

  test('greeter greets', async () => {
    await using service = start('greeter', [], { COMMISSAIRE_BUS_URI: redis.url })
    await service.said('Greeter is running')
    assert.equal(await bus.request('greeter.hello', ['Ada']), 'Hello, Ada')
  })

  test('calculator takes arguments by name and refuses wrong ones', async () => {
    await using service = start('calculator', ['--bus-uri', redis.url])
    await service.said('Calculator is running')
    assert.equal(await bus.request('calculator.divide', { dividend: 6, divisor: 3 }), 2)
    assert.equal(await bus.client<Calculator>('calculator').root(16, 4), 2)
    await assert.rejects(bus.request('calculator.divide', { dividend: 6, divisor: 'x' }), { code: -32602 })
    await assert.rejects(bus.request('calculator.divide', [1, 0]), {
      code: 405,
      message: 'nothing can be divided by zero',
    })
  })

  test('my-service runs in three processes, on an exchange of its own', async () => {
    await using service = start('my-service', [], { COMMISSAIRE_BUS_URI: redis.url })
    await service.said('MyService is ready in 3 processes')
    await using own = await connect(redis.url, { exchange: 'my_exchange' })
    assert.equal(await own.client<MyService>('queues.my_queue').echo('some words'), 'some words')
  })

  test('that does not exist is answered with those that do', async () => {
    await using program = start('nonsense', [])
    assert.deepEqual(await program.ended, { code: 2, signal: null })
    assert.match(program.text.join(), /there are: .*greeter.*simple-service/)
  })
})

test('every example is run by a test of this file', () => {
  const names = globSync('*.ts', { cwd: examples }).filter((name) => name !== 'run.ts')
  assert.deepEqual(names.sort(), [
    'calculator.ts',
    'caller.ts',
    'greeter.ts',
    'my-service.ts',
    'simple-service.ts',
    'webhook-receiver.ts',
  ])
})

test('api-keys lets programs in at the server by their keys', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'api-keys-'))
  const filepath = join(folder, 'api-keys.json')
  writeFileSync(filepath, JSON.stringify({ backup: createHash('sha256').update('a long key').digest('hex') }))
  const plugin = `${join(examples, 'plugins/api-keys.ts')}:filepath=${filepath}`
  const where = ['--no-config-file', '--bus-uri', 'memory://', '-i', '127.0.0.1', '-p', '0']
  const program = join(root, 'apps/server/bin/commissaire-server.js')
  await using server = new Program(program, [...where, '--authentication-plugin', plugin])
  const { url } = await server.said('The server is listening')
  const statusFor = async (key: string) =>
    (await fetch(`${String(url)}/metrics`, { headers: { 'x-api-key': key } })).status
  assert.deepEqual([await statusFor('a long key'), await statusFor('another')], [200, 403])
  rmSync(folder, { recursive: true })
})

const guides = ['docs/guide/authentication.md', 'packages/service/README.md']

for (const guide of guides) {
  test(`the code in ${guide} is code that these tests run`, () => {
    const text = readFileSync(join(root, guide), 'utf8')
    const blocks = [...text.matchAll(/(?:<!-- (\S+) -->\n)?```ts\n([^]*?)```/g)]
    assert.ok(blocks.length > 0)
    for (const [, file, code = ''] of blocks) {
      assert.ok(file !== undefined, `says which file it is from:\n${code}`)
      const source = plain(readFileSync(join(root, file), 'utf8'))
      for (const part of code.split(/^ *\/\/ …\n/m))
        assert.ok(source.includes(plain(part)), `${file} has:\n${part}`)
    }
  })
}

/** Code without its indentation, as a guide shows parts of a class on their own. */
function plain(code: string): string {
  return code.trim().replaceAll(/^ +/gm, '')
}
