/** Requests generated from the OpenAPI document of the running program: every response is as the document says. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDocument } from '../generated-requests/document.ts'
import { exchange } from '../generated-requests/exchange.ts'
import { generatedRun } from '../generated-requests/run.ts'
import { ask, authentication } from '../scenarios/operator.ts'
import { freePort, until } from '@commissaire/testing'
import { Program } from '../scenarios/worlds/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'commissaire-generated-'))
const authorization = `Basic ${Buffer.from('a:a').toString('base64')}`
const stack = new AsyncDisposableStack()
let program: Program
let port = 0
let url = ''

beforeAll(async () => {
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  port = await freePort()
  url = `http://127.0.0.1:${port}`
  const file = join(folder, 'commissaire.conf')
  // Nothing listens on the port of ssh, so that generated hosts are refused at once.
  const settings = { data: folder, listen_port: port, ssh_port: await freePort(), bus_calls: true }
  writeFileSync(file, JSON.stringify({ ...settings, authentication_plugins: [authentication] }))
  const options = { readyWord: 'is ready' }
  program = stack.use(new Program('apps/commissaire/bin/commissaire.js', ['-c', file], options))
  await program.start()
}, 60_000)
afterAll(() => stack.disposeAsync())

const seeds = [1, 2, 3]
const size = 700

test.each(seeds)(
  'responses to 700 generated requests fit the document (seed %i)',
  async (seed) => {
    const { statuses, wrong } = await generatedRun({ url, authorization, seed, requests: size })
    expect(wrong).toEqual([])
    for (const status of ['200', '201', '400', '404', '405', '415', '417', '431', '501'])
      assert.ok(statuses[status], `no response had ${status}: ${JSON.stringify(statuses)}`)
    assert.equal((await ask(port, { method: 'GET', path: '/hosts' })).status, 200)
  },
  120_000,
)

test('a trailing slash changes the response to no request', async () => {
  for (const { method, path } of await readDocument(url)) {
    if (/events|healthz|readyz|metrics/.test(path) || method === 'POST') continue
    const plain = await statusOf(method, path.replaceAll(/\{\w+\}/g, 'plain'))
    const slash = await statusOf(method, `${path.replaceAll(/\{\w+\}/g, 'slash')}/`)
    assert.equal(plain, slash, `${method} ${path}`)
  }
  assert.equal(await statusOf('DELETE', '/api/v0/host/'), 405)
  assert.equal(await statusOf('PUT', '/api/v0/cluster/'), 404)
})

test('each request is one line of the log, and none has failed', async () => {
  await statusOf('GET', '/api/v0/host/the-last')
  await until(() => program.log.includes('/api/v0/host/the-last') || undefined, 'the last line is there')
  const ids = lines().map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(ids.length > 0.9 * size * seeds.length, `${ids.length} lines`)
  expect(logged().filter(({ msg }) => msg === 'A request failed')).toEqual([])
})

interface Line {
  readonly level: string
  readonly msg: string
  readonly id?: string
  readonly status?: number
}

function logged(): Line[] {
  const texts = program.log.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
  return texts.map((line) => JSON.parse(line) as Line)
}

function lines(): Line[] {
  return logged().filter(({ id, status }) => id !== undefined && typeof status === 'number')
}

async function statusOf(method: string, target: string): Promise<number> {
  const request = { endpoint: undefined, method, target, headers: {}, body: '{}' }
  return (await exchange(new URL(url), request, authorization)).status
}
