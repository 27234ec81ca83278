/**
 * The world in seven processes: the server, storage, the investigator, the watcher, the container manager, and two of
 * clusterexec, which take operations over from each other.
 */
import { freePort } from '@commissaire/testing'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Logger } from '@commissaire/bus'
import { Fleet } from './fleet.ts'
import { ask, authentication, untilServing } from '../operator.ts'
import { pace } from './pace.ts'
import { Program } from './program.ts'
import type { World } from './world.ts'

/** The processes of each part. */
const processes = {
  storage: 1,
  investigator: 1,
  watcher: 1,
  containermgr: 1,
  clusterexec: 2,
  server: 1,
} as const

type Part = keyof typeof processes

/** The parts that can die alone. */
export const parts = Object.keys(processes)

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Where the bus is, and what the storage service is told of its store. */
export interface Ground {
  readonly bus: string
  readonly store: Record<string, unknown>
  /** Seconds between two looks of the watcher at a host. */
  readonly watchInterval?: number
}

/** Starts all of them at once. */
export async function sevenProcesses(ground: Ground): Promise<World> {
  await using opened = new AsyncDisposableStack()
  const folder = opened.adopt(mkdtempSync(join(tmpdir(), 'commissaire-scenarios-')), (path) =>
    rmSync(path, { recursive: true, force: true }),
  )
  const hosts = opened.use(await Fleet.open())
  const bus = opened.use(await connect(ground.bus, { log: quiet, requestTimeout: 20_000 }))
  const port = await freePort()
  const settings = settingsOf({ ...ground, folder, port, sshPort: hosts.port })
  const programs = new Map<string, readonly Program[]>()
  for (const [part, count] of Object.entries(processes)) {
    const file = join(folder, `${part}.conf`)
    writeFileSync(file, JSON.stringify({ bus_uri: ground.bus, ...settings[part as Part] }))
    programs.set(
      part,
      Array.from({ length: count }, () => opened.use(programOf(part, file))),
    )
  }
  const everything = [...programs.values()].flat()
  await Promise.all(everything.map((program) => program.start()))
  await untilServing(port)
  const all = opened.move()
  return {
    parts,
    hosts,
    bus,
    busUrl: ground.bus,
    programs,
    api: (method, path, body) => ask(port, { method, path, body }),
    async restart(part) {
      const killed = programs.get(part) ?? []
      await Promise.all(killed.map((program) => program.kill()))
      await Promise.all(killed.map((program) => program.start()))
      await untilServing(port)
    },
    log: (part) => (programs.get(part) ?? []).map(({ log }) => log).join(''),
    // All end at the same time: each waits for its own work, and none for another's end.
    [Symbol.asyncDispose]: async () => {
      await Promise.all(everything.map((program) => program[Symbol.asyncDispose]()))
      await all.disposeAsync()
    },
  }
}

function programOf(part: string, file: string): Program {
  const bin = part === 'server' ? 'apps/server/bin/commissaire-server.js' : `apps/services/bin/${part}.js`
  return new Program(bin, ['-c', file], { readyWord: 'is running' })
}

function settingsOf(
  means: Ground & { folder: string; port: number; sshPort: number },
): Record<Part, Record<string, unknown>> {
  const { folder, port, sshPort: ssh_port, store, watchInterval = pace.watchInterval } = means
  return {
    storage: { data_dir: folder, storage_handlers: [{ name: 'store', models: ['*'], ...store }] },
    investigator: { ssh_port, profile: 'none' },
    watcher: { ssh_port, interval: watchInterval, stuck_after: pace.stuckAfter },
    containermgr: {},
    clusterexec: {
      ssh_port,
      lease: pace.lease,
      settle_time: pace.settleTime,
      return_timeout: pace.returnTimeout,
    },
    server: {
      listen_interface: '127.0.0.1',
      listen_port: port,
      authentication_plugins: [authentication],
    },
  }
}
