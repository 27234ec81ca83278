/** One run: a world, hosts, clients, and faults for as long as it lasts; then all heals, and the promises are checked. */
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type Logger } from '@commissaire/bus'
import type { FakeHost } from '@commissaire/hosts/testing'
import { Network, parseModel } from '@commissaire/models'
import { StorageClient } from '@commissaire/storage'
import { clusterOf } from '../scenarios/suite/scenario.ts'
import { type brokers, sevenProcessesOn, type stores } from '../scenarios/worlds/grounds.ts'
import { until } from '@commissaire/testing'
import type { World } from '../scenarios/worlds/world.ts'
import { type EndState, violationsOf } from './checks.ts'
import { nextFault, type Random } from './faults.ts'
import { History } from './history.ts'
import { cancelAny, clientsOf, counterName, serveNotes } from './workload.ts'

/** What is run. */
export interface ChaosRun {
  readonly broker: keyof typeof brokers
  readonly store: keyof typeof stores
  readonly seed: number
  /** For how many milliseconds faults are inflicted. */
  readonly duration: number
  readonly onFault?: (name: string) => void
}

/** What came of it. */
export interface ChaosReport {
  readonly faults: number
  readonly calls: number
  readonly unanswered: number
  readonly increments: number
  readonly messages: number
  readonly operations: Readonly<Record<string, number>>
  readonly reboots: number
  readonly violations: readonly string[]
}

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const cluster = 'chaos'

/** Runs. */
export async function chaosRun(run: ChaosRun): Promise<ChaosReport> {
  await using world = await sevenProcessesOn(run.broker, run.store)
  if (world.busUrl === undefined) throw new Error('this world has no bus that others can use')
  await using bus = await connect(world.busUrl, { log: quiet, requestTimeout: 5000 })
  const history = new History()
  const hosts = await clusterOf(world, cluster, { count: 4 })
  for (const host of hosts) watch(host, history)
  await new StorageClient(bus).save(Network, parseModel(Network, { name: counterName }))
  await serveNotes(bus, history)
  const stopping = new AbortController()
  const working = clientsOf(world, bus, history).map((client) => client(stopping.signal))
  await inflictFaults(world, { ...run, hosts, history })
  stopping.abort()
  await Promise.all(working)
  return reportOf(history, violationsOf(history, await settle(world, bus, history)))
}

function watch(host: FakeHost, history: History): void {
  host.onPhase = (phase) => history.add({ type: 'host', cluster, address: host.address, phase })
}

async function inflictFaults(
  world: World,
  { seed, duration, onFault, hosts, history }: ChaosRun & { hosts: readonly FakeHost[]; history: History },
): Promise<void> {
  const random = randomOf(seed)
  const end = performance.now() + duration
  while (performance.now() < end) {
    const { name, inflict } = nextFault(world, hosts, random)
    history.add({ type: 'fault', fault: name })
    onFault?.(name)
    await inflict()
    await pause(random() * 1000)
  }
}

/** Waits until everything is well again, and reads the state. */
async function settle(
  world: World,
  bus: Awaited<ReturnType<typeof connect>>,
  history: History,
): Promise<EndState> {
  const path = `/cluster/${cluster}/restart`
  await until(
    async () => {
      await cancelAny(world, path)
      const { status, body } = await world.api<{ status: string }>('GET', path)
      return status === 404 || !['in_process', 'paused'].includes(body.status) || undefined
    },
    'no operation is in process',
    { timeout: 120_000 },
  )
  const sent = history.of('sent').filter(({ outcome }) => outcome === 'done')
  await until(
    () => {
      const ids = new Set(history.of('handled').map(({ id }) => id))
      return sent.every(({ id }) => ids.has(id)) || undefined
    },
    'the accepted messages are handled',
    { timeout: 30_000 },
  ).catch(() => undefined)
  const { body } = await world.api<string[]>('GET', '/networks')
  const { options } = await new StorageClient(bus).get(Network, counterName)
  return { networks: new Set(body), counter: Number(options['value'] ?? 0) }
}

function reportOf(history: History, violations: readonly string[]): ChaosReport {
  const writes = history.of('write')
  const over = history.of('operation').filter(({ phase }) => phase === 'over')
  const operations: Record<string, number> = {}
  for (const { status } of over) operations[status] = (operations[status] ?? 0) + 1
  return {
    faults: history.of('fault').length,
    calls: writes.length,
    unanswered: writes.filter(({ outcome }) => outcome === 'unknown').length,
    increments: history.of('increment').filter(({ outcome }) => outcome === 'done').length,
    messages: history.of('handled').length,
    operations,
    reboots: history.of('host').filter(({ phase }) => phase === 'told').length,
    violations,
  }
}

/** A small generator with a seed (mulberry32). */
function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
