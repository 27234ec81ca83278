/**
 * All facts of fifty hosts that nobody has spoken to yet: a handshake, a probe and its reading for each.
 *
 * The hosts are scripted, in a process of their own, on addresses of 127.0.0.0/8; they share the machine's cores with
 * us, which real hosts would not. Beside them stands a bare TCP connection to each, as the machine's own limit.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { gatherFacts, RemotePool, type Target } from '@commissaire/hosts'
import { FakeHost, keyPair } from '@commissaire/hosts/testing'

/** What was measured. */
export interface FactsColdFigures {
  readonly hosts: number
  /** From the first packet to the last host's facts. */
  readonly seconds: number
  /** Processor time of our process for each host, handshake included. */
  readonly perHostCpuMs: number
  /** The same for the process that plays the hosts. */
  readonly perFakeHostCpuMs: number
  /** The same hosts again, over the connections that were kept. */
  readonly warmSeconds: number
  readonly warmPerHostCpuMs: number
  /** Opening a socket to each host and nothing more. */
  readonly bareConnectSeconds: number
  [name: string]: number
}

type Farm = { readonly targets: Target[] } | { readonly cpuMs: number }

/** Measures; takes a few seconds. */
export async function measureFactsCold(hosts = 50): Promise<FactsColdFigures> {
  const farm = fork(fileURLToPath(import.meta.url), ['farm', String(hosts)], { stdio: 'inherit' })
  try {
    const { targets } = await answer<{ targets: Target[] }>(farm, 'start')
    const bare = await timed(() => Promise.all(targets.map(openAndClose)))
    await sweep(targets.slice(0, 1))
    const before = await answer<{ cpuMs: number }>(farm, 'cpu')
    await using pool = new RemotePool()
    const cold = await timed(() => sweep(targets, pool))
    const after = await answer<{ cpuMs: number }>(farm, 'cpu')
    const warm = await timed(() => sweep(targets, pool))
    return {
      hosts,
      seconds: cold.seconds,
      perHostCpuMs: round(cold.cpuMs / hosts),
      perFakeHostCpuMs: round((after.cpuMs - before.cpuMs) / hosts),
      warmSeconds: warm.seconds,
      warmPerHostCpuMs: round(warm.cpuMs / hosts),
      bareConnectSeconds: bare.seconds,
    }
  } finally {
    farm.kill()
  }
}

async function sweep(targets: readonly Target[], pool?: RemotePool): Promise<void> {
  await using own = pool ? undefined : new RemotePool()
  const through = pool ?? own
  await Promise.all(
    targets.map(async (target) => {
      await using remote = await through!.connect(target)
      await gatherFacts(remote)
    }),
  )
}

async function timed(work: () => Promise<unknown>): Promise<{ seconds: number; cpuMs: number }> {
  const [started, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: round((performance.now() - started) / 1000), cpuMs: (user + system) / 1000 }
}

function openAndClose({ address, port = 22 }: Target): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(port, address)
    socket.once('error', reject).once('close', () => resolve())
    socket.once('connect', () => socket.destroy())
  })
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

async function answer<T extends Farm>(farm: ReturnType<typeof fork>, question: string): Promise<T> {
  const reply = once(farm, 'message')
  farm.send(question)
  const [message] = (await reply) as [T]
  return message
}

/** The other process: starts the hosts and answers two questions. */
async function beFarm(count: number): Promise<void> {
  const key = keyPair()
  const hosts = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      FakeHost.start({
        address: `127.10.${index >> 7}.${(index & 127) + 1}`,
        authorizedKeys: [key.publicKey],
      }),
    ),
  )
  const targets = hosts.map((host) => host.target({ privateKey: key.privateKey }))
  process.on('message', (question) => {
    const { user, system } = process.cpuUsage()
    process.send?.(question === 'start' ? { targets } : { cpuMs: (user + system) / 1000 })
  })
}

if (process.argv[2] === 'farm') await beFarm(Number(process.argv[3]))
else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${JSON.stringify(await measureFactsCold(Number(process.argv[2] ?? 50)), null, 2)}\n`)
}
