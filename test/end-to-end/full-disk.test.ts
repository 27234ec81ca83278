/** The program with its data on a disk that becomes full, and then has room again. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { ask, authentication } from '../scenarios/operator.ts'
import { Program } from '../scenarios/worlds/program.ts'
import { freePort, until } from '@commissaire/testing'

const isRoot = process.getuid?.() === 0

describe.skipIf(!isRoot && !process.env.CI)('a data folder on a full disk', { timeout: 120_000 }, () => {
  const disk = mkdtempSync(join(tmpdir(), 'commissaire-disk-'))
  const filler = join(disk, 'filler')
  const stack = new AsyncDisposableStack()
  const kept: string[] = []
  const refused: string[] = []
  let port = 0

  beforeAll(async () => {
    stack.defer(() => rmSync(disk, { recursive: true, force: true }))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk])
    stack.defer(() => void execFileSync('umount', [disk]))
    port = await freePort()
    const file = join(disk, 'commissaire.conf')
    const settings = { data: join(disk, 'data'), listen_port: port, ssh_port: await freePort() }
    writeFileSync(file, JSON.stringify({ ...settings, authentication_plugins: [authentication] }))
    writeFileSync(filler, Buffer.alloc(4 * 2 ** 20))
    const options = { readyWord: 'is ready' }
    const program = stack.use(new Program('apps/commissaire/bin/commissaire.js', ['-c', file], options))
    await program.start()
  }, 60_000)
  afterAll(() => stack.disposeAsync())

  test('writes are answered with 507 and the reason', async () => {
    const options = { note: 'x'.repeat(20_000) }
    for (let index = 0; refused.length < 20; index++) {
      const name = `network-${index}`
      const answer = await put(`/network/${name}`, { options })
      if (answer.status === 201) kept.push(name)
      else {
        assert.equal(answer.status, 507, JSON.stringify(answer.body))
        assert.match(answer.body.detail ?? '', /its disk is full\. Nothing was changed/)
        refused.push(name)
      }
    }
    const host = await put('/host/127.77.0.9', { ssh_priv_key: 'a'.repeat(20_000) })
    assert.equal(host.status, 507, JSON.stringify(host.body))
  })

  test('the server is not ready, and the metric says which store it is', async () => {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`)
    const { detail } = (await ready.json()) as Problem
    assert.deepEqual([ready.status, /its disk is full/.test(detail ?? '')], [503, true], detail)
    assert.match(await metrics(), /^commissaire_store_usable\{store="default"\} 0$/m)
  })

  test('reads go on: all that was accepted is there, and nothing that was refused', async () => {
    assert.equal((await ask(port, { method: 'GET', path: '/host/127.77.0.9' })).status, 404)
    const { body } = await ask<string[]>(port, { method: 'GET', path: '/networks' })
    assert.deepEqual(body.toSorted(), [...kept, 'default'].toSorted())
  })

  test('with room on the disk it is ready again and takes writes, without a restart', async () => {
    rmSync(filler)
    await until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok || undefined, 'it is ready')
    for (const name of refused) assert.equal((await put(`/network/${name}`, {})).status, 201)
    assert.match(await metrics(), /^commissaire_store_usable\{store="default"\} 1$/m)
  })

  interface Problem {
    readonly detail?: string
  }

  const put = (path: string, body: object) => ask<Problem>(port, { method: 'PUT', path, body })

  async function metrics(): Promise<string> {
    const authorization = `Basic ${Buffer.from('a:a').toString('base64')}`
    return (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization } })).text()
  }
})
