/**
 * A restart of eight real hosts whose worker is killed as a power cut kills, five times, at moments nobody chose: every
 * host reboots once, never more than two are away, and each time another worker goes on within ten seconds.
 */
import { freePort, haveRedis, RedisServer, until } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Bus, connect } from '@commissaire/bus'
import { Lab, whyNoLab } from '@commissaire/lab'
import { ClusterRestart, OperationLease, OperationOutput, operationHostKey } from '@commissaire/models'
import { StorageClient } from '@commissaire/storage'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { ask, authentication, untilServing } from '../scenarios/operator.ts'
import { Program } from '../scenarios/worlds/program.ts'

const reason =
  whyNoLab() ?? (haveRedis ? undefined : 'There is no redis-server. apt-get install redis-server')
if (reason && process.env.CI) throw new Error(reason)
if (reason) console.warn(`SKIPPED: killing workers over real hosts. ${reason}`)

const KILLS = 5
/** Seconds within which another worker has to go on. */
const TAKEN_OVER_WITHIN = 10

describe.skipIf(reason !== undefined)('eight real hosts and a worker that dies', { timeout: 600_000 }, () => {
  const opened = new AsyncDisposableStack()
  const workers: Program[] = []
  let lab: Lab
  let port: number
  let bus: Bus
  let storage: StorageClient

  beforeAll(async () => {
    lab = await Lab.up({ count: 8 })
    opened.defer(() => lab.down())
    const folder = opened.adopt(mkdtempSync(join(tmpdir(), 'commissaire-killed-')), (path) =>
      rmSync(path, { recursive: true, force: true }),
    )
    const redis = await RedisServer.start()
    opened.defer(() => redis.remove())
    port = await freePort()
    const program = (part: string, settings: object) => {
      const file = join(folder, `${part}.conf`)
      writeFileSync(file, JSON.stringify({ bus_uri: redis.url, ...settings }))
      const name = part.replace(/-\d$/, '')
      const bin = name === 'server' ? 'apps/server/bin/commissaire-server.js' : `apps/services/bin/${name}.js`
      return opened.use(new Program(bin, ['-c', file], { readyWord: 'is running' }))
    }
    const clusterexec = { settle_time: 1, return_timeout: 120 }
    workers.push(program('clusterexec-1', clusterexec), program('clusterexec-2', clusterexec))
    const rest = [
      program('storage', { data_dir: folder }),
      program('investigator', { profile: 'none' }),
      program('watcher', { interval: 10 }),
      program('containermgr', {}),
      program('server', {
        listen_interface: '127.0.0.1',
        listen_port: port,
        authentication_plugins: [authentication],
      }),
    ]
    await Promise.all([...workers, ...rest].map((each) => each.start()))
    await untilServing(port)
    bus = opened.use(await connect(redis.url, { requestTimeout: 20_000 }))
    storage = new StorageClient(bus)
  }, 600_000)

  afterAll(() => opened.disposeAsync(), 120_000)

  const api = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const { status, body: answer } = await ask<T>(port, { method, path, body })
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(answer)}`)
    return answer
  }
  const progress = () => storage.get(ClusterRestart, 'farm')
  const boots = () => lab.hosts.map((host) => host.bootLog().filter(({ event }) => event === 'boot').length)
  const lease = async () => (await storage.find(OperationLease, 'restart-of-farm'))?.worker ?? ''

  /** Kills the process that works on the operation; gives the seconds until another does, and starts the dead one again. */
  async function killWorker(): Promise<number | undefined> {
    const worker = await lease()
    const victim = workers.find(({ pid }) => worker.includes(`/${pid}/`))
    if (!victim) return undefined
    const killedAt = performance.now()
    await victim.kill()
    await until(
      async () => {
        const now = await lease()
        return (now !== '' && now !== worker) || (await progress()).status !== 'in_process'
      },
      'another worker has taken over',
      { timeout: 60_000 },
    )
    const seconds = (performance.now() - killedAt) / 1000
    await victim.start()
    return seconds
  }

  test('every host reboots exactly once, two are away at most, and another worker goes on within ten seconds', async () => {
    await api('PUT', '/cluster/farm', {})
    const ssh_priv_key = readFileSync(lab.privateKeyPath).toString('base64')
    for (const { address } of lab.hosts)
      await api('PUT', `/host/${address}`, { ssh_priv_key, remote_user: 'root', cluster: 'farm' })
    for (const { address } of lab.hosts)
      await until(
        async () => (await api<{ status: string }>('GET', `/host/${address}`)).status === 'active',
        `${address} is active`,
      )
    const before = boots()
    await bus.request('jobs.clusterexec.restart', ['farm', { max_unavailable: 2 }])

    const takeovers: number[] = []
    while (takeovers.length < KILLS) {
      await pause(500 + Math.random() * 6000)
      const { status, reason: why, failures } = await progress()
      assert.equal(status, 'in_process', `${why} ${JSON.stringify(failures)}`)
      const seconds = await killWorker()
      if (seconds !== undefined) takeovers.push(seconds)
    }
    const end = await until(
      async () => {
        const now = await progress()
        return now.status !== 'in_process' && now
      },
      'the restart has ended',
      { timeout: 300_000 },
    )
    const output = await Promise.all(
      Object.keys(end.failures).map((address) =>
        storage.find(OperationOutput, operationHostKey(end.operation, address)),
      ),
    )
    assert.deepEqual([end.status, end.failures], ['finished', {}], JSON.stringify(output))
    assert.deepEqual(
      boots(),
      before.map((count) => count + 1),
    )
    assert.ok(lab.mostDownAtOnce() <= 2, `${lab.mostDownAtOnce()} were away at once`)
    const slow = takeovers.filter((seconds) => seconds > TAKEN_OVER_WITHIN)
    assert.deepEqual(slow, [], `took ${takeovers.map((seconds) => seconds.toFixed(1)).join(', ')} s`)
    console.log(`taken over after ${takeovers.map((seconds) => seconds.toFixed(1)).join(', ')} s`)
  })
})
