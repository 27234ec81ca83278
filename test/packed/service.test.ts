/**
 * What somebody gets who installs the two packages and nothing else: the ten-line service, in JavaScript, in an empty
 * folder, from the tarballs that would be published.
 */
import { haveRedis, RedisServer } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { connect } from '@commissaire/bus'
import { Program } from '../../packages/service/test/program/program.ts'

const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

const greeter = `import { CommissaireService, run } from '@commissaire/service'

/** Says hello to whoever asks. */
class Greeter extends CommissaireService {
  /** Exposed on the bus as \`greeter.hello\`. */
  on_hello(_message, name) {
    return \`Hello, \${name}, from \${process.pid}\`
  }
}

await run(Greeter, { queues: [{ routingKey: 'greeter.*' }], processes: Number(process.argv[2] ?? 1) })
`

const packages = ['bus', 'service']

describe.skipIf(!haveRedis)('the packed packages, in an empty folder', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'))
  let redis: RedisServer

  beforeAll(async () => {
    redis = await RedisServer.start()
    await run('npx', ['tsc', '-b', ...packages.map((name) => `packages/${name}`)], { cwd: root })
    const workspaces = packages.flatMap((name) => ['--workspace', `packages/${name}`])
    await run('npm', ['pack', ...workspaces, '--pack-destination', folder], { cwd: root })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    writeFileSync(join(folder, 'greeter.js'), greeter)
    const tarballs = globSync('*.tgz', { cwd: folder }).map((file) => `./${file}`)
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error']
    await run('npm', ['install', ...quiet, ...tarballs, 'ioredis@6.0.0'], { cwd: folder })
  }, 300_000)

  afterAll(async () => {
    await redis[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  for (const processes of ['1', '3']) {
    test(`the ten-line service answers from ${processes} process(es)`, async () => {
      const way = { options: [], environment: { COMMISSAIRE_BUS_URI: redis.url } }
      await using service = new Program(join(folder, 'greeter.js'), [processes], way)
      await service.said(processes === '1' ? 'Greeter is running' : 'Greeter is ready in 3 processes')
      await using bus = await connect(redis.url)
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => bus.request<string>('greeter.hello', ['Ada'])),
      )
      for (const answer of answers) assert.match(answer, /^Hello, Ada, from \d+$/)
      assert.equal(answers.includes(`Hello, Ada, from ${service.pid}`), processes === '1')
      service.signal('SIGTERM')
      assert.deepEqual(await service.ended, { code: 0, signal: null })
    })
  }

  test('nothing is installed that a service does not need', async () => {
    const { stdout } = await run('npm', ['ls', '--all', '--parseable'], { cwd: folder })
    for (const name of ['ssh2', 'react', 'fastify', '@kubernetes'])
      assert.ok(!stdout.includes(`/${name}`), name)
  })
})
