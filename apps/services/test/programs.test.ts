/** The programs as one installs them: their examples of configuration, and what they survive as processes over Redis. */
import { haveRedis, RedisServer, until } from '@commissaire/testing'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ClusterRestart } from '@commissaire/models'
import { describe, expect, test } from 'vitest'

import { program as clusterexec } from '../src/clusterexec/program.ts'
import { program as containermgr } from '../src/containermgr/program.ts'
import { program as investigator } from '../src/investigator/program.ts'
import { program as storage } from '../src/storage/program.ts'
import { program as watcher } from '../src/watcher/program.ts'
import { TestSystem, untilEnded } from './system.ts'

const programs = { clusterexec, containermgr, investigator, storage, watcher }
const conf = (name: string) => fileURLToPath(new URL(`../../../conf/${name}.conf`, import.meta.url))

test.for(Object.entries(programs))(
  'the example of a configuration of %s is understood',
  ([name, program]) => {
    const settings = program.settings(['--config', conf(name)], {})
    const written: unknown = JSON.parse(readFileSync(conf(name), 'utf8'))
    expect(settings).toMatchObject(written as object)
  },
)

test.for(Object.entries(programs))(
  '%s runs with defaults, and refuses what it does not know',
  ([name, program]) => {
    expect(program.name).toBe(`commissaire-${name}-service`)
    const settings = program.settings(['--no-config-file', '--bus-uri', 'memory://x'], {})
    expect(settings).toMatchObject({ bus_uri: 'memory://x', bus_exchange: 'commissaire', processes: 1 })
    expect(() => program.settings(['--no-config-file', '--bus-url', 'memory://x'], {})).toThrow(/bus-url/)
  },
)

test('the manual names every setting, and none that is not there', () => {
  const manual = readFileSync(new URL('../../../docs/reference/services.md', import.meta.url), 'utf8')
  const table = manual.slice(manual.indexOf('## Configuration'), manual.indexOf('## Status of a host'))
  const named = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key)
  const settings = Object.values(programs).map((program) => program.settings(['--no-config-file'], {}))
  const known = new Set([...settings.flatMap((each) => Object.keys(each)), 'vault_key_path', 'ssh_limit'])
  expect(new Set(named)).toEqual(known)
})

/** A program in a process of its own. */
class Running implements AsyncDisposable {
  readonly process: ChildProcess
  output = ''
  readonly #ended: Promise<unknown>

  constructor(program: string, config: string) {
    const bin = fileURLToPath(new URL(`../bin/${program}.js`, import.meta.url))
    this.process = spawn(process.execPath, [bin, '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#ended = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
  }

  until(sentence: string): Promise<true> {
    return until(() => this.output.includes(sentence) || undefined, undefined, { timeout: 60_000 })
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<unknown> {
    this.process.kill(signal)
    return this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

describe.skipIf(!haveRedis)('as processes over Redis', { timeout: 180_000 }, () => {
  test('a clusterexec service that is killed while a host reboots is replaced, and no host is rebooted twice', async () => {
    await using redis = await RedisServer.start()
    await using system = await TestSystem.start({ url: redis.url, watcher: false, clusterexec: false })
    const hosts = [await system.activeHost(), await system.activeHost()]
    for (const host of hosts) host.downTime = 3000
    await system.cluster('web', hosts)
    const config = join(system.dataDir, 'clusterexec.conf')
    const times = { lease: 3, settle_time: 0.1, return_timeout: 60 }
    writeFileSync(config, JSON.stringify({ 'bus-uri': redis.url, 'ssh-port': system.sshPort, ...times }))

    await using first = new Running('clusterexec', config)
    await first.until('ClusterexecService is running')
    const answer = await system.bus.request('jobs.clusterexec.restart', ['web'])
    expect(answer).toMatchObject({ name: 'web', status: 'in_process' })
    await until(
      () => hosts[0]?.commands.some((command) => command.includes('systemctl reboot')) || undefined,
      undefined,
      { timeout: 60_000 },
    )
    await first.kill('SIGKILL')

    await using second = new Running('clusterexec', config)
    const operation = await untilEnded(() => system.storage.find(ClusterRestart, 'web'), 120_000)
    expect(second.output).toContain('is continued here')
    expect(operation).toMatchObject({
      status: 'finished',
      restarted: hosts.map(({ address }) => address),
      failures: {},
    })
    for (const { commands } of hosts) {
      expect(commands.filter((command) => command.includes('systemctl reboot'))).toHaveLength(1)
    }
    expect(await second.kill('SIGTERM')).toBe(0)
  })

  test('an investigation whose process is killed is made by the next', async () => {
    await using redis = await RedisServer.start()
    await using system = await TestSystem.start({ url: redis.url, watcher: false, investigator: false })
    const host = await system.host({ latency: 1000 })
    await system.register(host.address)
    await system.cluster('web', [host])
    const config = join(system.dataDir, 'investigator.conf')
    writeFileSync(config, JSON.stringify({ bus_uri: redis.url, ssh_port: system.sshPort }))

    await using first = new Running('investigator', config)
    await first.until('InvestigatorService is running')
    await system.bus.notify('jobs.investigate', { address: host.address, cluster_data: {} })
    await until(
      async () => (await system.stored(host.address)).status === 'bootstrapping' || undefined,
      undefined,
      { timeout: 60_000 },
    )
    await first.kill('SIGKILL')
    expect((await system.stored(host.address)).status).toBe('bootstrapping')

    await using second = new Running('investigator', config)
    await second.until(`Host ${host.address} is active`)
    expect((await system.stored(host.address)).status).toBe('active')
  })

  test('every program starts, answers ping and ends in peace', async () => {
    await using redis = await RedisServer.start()
    await using system = await TestSystem.start({ url: redis.url, only: 'hosts' })
    const keys = {
      storage: 'storage.ping',
      investigator: 'jobs.investigate',
      watcher: 'jobs.watcher',
      clusterexec: 'jobs.clusterexec.ping',
      containermgr: 'container.ping',
    }
    for (const name of Object.keys(programs)) {
      const config = join(system.dataDir, `${name}.conf`)
      const places = name === 'storage' ? { data_dir: system.dataDir } : {}
      writeFileSync(config, JSON.stringify({ bus_uri: redis.url, ...places }))
      await using running = new Running(name, config)
      await running.until('is running')
      const key = keys[name as keyof typeof keys]
      if (key.endsWith('ping')) expect(await system.bus.request(key, [], { timeout: 60_000 })).toBe('pong')
      expect(await running.kill('SIGTERM')).toBe(0)
    }
  })
})
