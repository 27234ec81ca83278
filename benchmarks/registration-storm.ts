/**
 * A thousand new hosts at once, on a machine that cannot serve them at once: every command costs it processor time, so that
 * what runs at the same time makes everything slower. All have to become ready, none may fail.
 *
 * The hosts are scripted, in a process of their own. The raw limit is the processor time that this process needed: a system
 * that always kept it busy and never let it do anything twice would take that long.
 */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { FakeHost, keyPair } from '@commissaire/hosts/testing'

/** What was measured. */
export type StormFigures = Record<string, number | string>

const program = resolve(import.meta.dirname, '../apps/commissaire/bin/commissaire.js')
const authorization = `Basic ${Buffer.from('a:a').toString('base64')}`
const users = {
  a: { hash: '$scrypt$ln=4,r=8,p=1$Y29tbWlzc2FpcmUtdGVzdA$PK3Kz2VDYZge1XclWV1XqSYzzI29lBha3i3qnb6oLJY' },
}

interface Farm {
  readonly port: number
  readonly key: string
  readonly cpuSeconds: number
}

/** Measures; takes minutes. `costMs` is the processor time of a command, `latencyMs` what it waits besides. */
export async function measureRegistrationStorm({
  hosts = 1000,
  costMs = 10,
  latencyMs = 300,
} = {}): Promise<StormFigures> {
  const farm = fork(fileURLToPath(import.meta.url), ['farm', `${hosts}`, `${costMs}`, `${latencyMs}`], {
    stdio: 'inherit',
  })
  const folder = mkdtempSync(join(tmpdir(), 'commissaire-bench-'))
  try {
    const { port, key, cpuSeconds: before } = await ask(farm)
    await using system = await start(folder, port)
    const started = performance.now()
    await registerAll(system, { hosts, key })
    const ends = await untilReady(system, { hosts, limit: 1_200_000 })
    const seconds = (performance.now() - started) / 1000
    const { cpuSeconds } = await ask(farm)
    const metrics = await (await call(system, '/metrics')).text()
    return {
      hosts,
      costMs,
      latencyMs,
      ...ends,
      seconds: round(seconds),
      hostsBusySeconds: round(cpuSeconds - before),
      timesRawLimit: round(seconds / (cpuSeconds - before)),
      timeOuts: sumOf(metrics, /^commissaire_ssh_given_up_total\{.*when="ran"\} (\d+)$/gm),
      limitAtTheEnd: sumOf(metrics, /^commissaire_ssh_limit (\d+)$/gm),
    }
  } finally {
    farm.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface RunningSystem extends AsyncDisposable {
  readonly url: string
}

async function start(folder: string, sshPort: number): Promise<RunningSystem> {
  const file = join(folder, 'commissaire.conf')
  const plugin = { name: 'httpbasicauth', users }
  writeFileSync(
    file,
    JSON.stringify({ data: folder, listen_port: 0, ssh_port: sshPort, authentication_plugins: [plugin] }),
  )
  const child = spawn(process.execPath, [program, '-c', file], { stdio: ['ignore', 'pipe', 'ignore'] })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  while (!/http:\/\/\S+/.test(printed)) await delay(20)
  const [url = ''] = /http:\/\/[\d.:]+/.exec(printed) ?? []
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

function call({ url }: RunningSystem, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}${path}`, { ...init, headers: { authorization, 'content-type': 'application/json' } })
}

async function registerAll(
  system: RunningSystem,
  { hosts, key }: { hosts: number; key: string },
): Promise<void> {
  const addresses = Array.from({ length: hosts }, (_, index) => addressOf(index)).values()
  const work = async (): Promise<void> => {
    for (const address of addresses) {
      const answer = await call(system, `/api/v0/host/${address}`, {
        method: 'PUT',
        body: JSON.stringify({ ssh_priv_key: key }),
      })
      if (answer.status !== 201)
        throw new Error(`PUT /host/${address}: ${answer.status} ${await answer.text()}`)
    }
  }
  await Promise.all(Array.from({ length: 20 }, work))
}

/** Waits until every host is ready, or the time is over. A host that is failed at any look counts. */
async function untilReady(
  system: RunningSystem,
  { hosts, limit }: { hosts: number; limit: number },
): Promise<{ ready: number; everFailed: number; firstReason: string }> {
  const failed = new Set<string>()
  let firstReason = ''
  for (const end = performance.now() + limit; ;) {
    const all = (await (await call(system, '/api/v0/hosts')).json()) as {
      address: string
      status: string
      status_reason: string
    }[]
    const ready = all.filter(({ status }) => status === 'disassociated' || status === 'active').length
    for (const { address, status, status_reason } of all) {
      if (status !== 'failed') continue
      failed.add(address)
      firstReason ||= status_reason
    }
    if (ready === hosts || performance.now() > end) return { ready, everFailed: failed.size, firstReason }
    await delay(1000)
  }
}

function sumOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0)
}

const round = (value: number): number => Math.round(value * 100) / 100

const addressOf = (index: number): string => `127.20.${index >> 7}.${(index & 127) + 1}`

async function ask(farm: ReturnType<typeof fork>): Promise<Farm> {
  const reply = once(farm, 'message')
  farm.send('?')
  const [message] = (await reply) as [Farm]
  return message
}

/** The other process: starts the hosts and says where they are. */
async function beFarm(
  count: number,
  { costMs, latencyMs }: { costMs: number; latencyMs: number },
): Promise<void> {
  const key = keyPair()
  const hostKey = keyPair()
  await using probe = await FakeHost.start()
  const { port } = probe
  const respond = ({ command, input }: { command: string; input: string }) => {
    burn(costMs)
    if (command === 'sh -s' && input.startsWith('echo $((')) return { stdout: '42\n' }
    return command.includes('is-enabled') ? { stdout: 'enabled\n' } : undefined
  }
  const common = { port, authorizedKeys: [key.publicKey], hostKey, latency: latencyMs, respond }
  for (let index = 0; index < count; index++) await FakeHost.start({ ...common, address: addressOf(index) })
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({
      port,
      key: Buffer.from(key.privateKey).toString('base64'),
      cpuSeconds: (user + system) / 1e6,
    })
  })
  await once(process, 'disconnect')
}

function burn(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

if (process.argv[2] === 'farm') {
  const [, , , count, costMs, latencyMs] = process.argv
  await beFarm(Number(count), { costMs: Number(costMs), latencyMs: Number(latencyMs) })
}
