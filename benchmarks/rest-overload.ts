/**
 * REST calls at ten times as many clients as the server needs to be busy: how much of its peak it still serves. Clients that
 * are refused wait as long as `Retry-After` says. Beside it, in the same run, a bare HTTP server with the same clients.
 */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** What was measured. */
export type OverloadFigures = Record<string, number | string>

const program = resolve(import.meta.dirname, '../apps/commissaire/bin/commissaire.js')
const authorization = `Basic ${Buffer.from('a:a').toString('base64')}`
const users = {
  a: { hash: '$scrypt$ln=4,r=8,p=1$Y29tbWlzc2FpcmUtdGVzdA$PK3Kz2VDYZge1XclWV1XqSYzzI29lBha3i3qnb6oLJY' },
}
/** How many clients keep the server busy. */
const BUSY = 64
const SECONDS = 10

interface Counts {
  readonly ok: number
  readonly refused: number
  readonly failed: number
  readonly p99: number
}

/** Measures; takes about a minute. */
export async function measureRestOverload(): Promise<OverloadFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'commissaire-bench-'))
  const file = join(folder, 'commissaire.conf')
  const plugin = { name: 'httpbasicauth', users }
  writeFileSync(file, JSON.stringify({ data: folder, listen_port: 0, authentication_plugins: [plugin] }))
  const child = spawn(process.execPath, [program, '-c', file], { stdio: ['ignore', 'pipe', 'ignore'] })
  const bare = createServer((_request, response) => response.end('[]')).listen(0, '127.0.0.1')
  try {
    const url = await urlOf(child)
    const path = `${url}/api/v0/network/default`
    await clients(path, { count: BUSY, seconds: 3 })
    const peak = await clients(path, { count: BUSY, seconds: SECONDS })
    const memoryAtPeak = memoryOf(child.pid)
    const over = await clients(path, { count: 10 * BUSY, seconds: SECONDS })
    const storm = await clients(path, { count: 40 * BUSY, seconds: SECONDS })
    const { port } = bare.address() as AddressInfo
    const raw = await clients(`http://127.0.0.1:${port}/`, { count: BUSY, seconds: SECONDS })
    return {
      peakPerSecond: perSecond(peak),
      tenfoldPerSecond: perSecond(over),
      tenfoldOfPeak: ratio(over.ok, peak.ok),
      tenfoldRefused: over.refused,
      tenfoldP99Ms: over.p99,
      fortyfoldPerSecond: perSecond(storm),
      fortyfoldOfPeak: ratio(storm.ok, peak.ok),
      fortyfoldRefused: storm.refused,
      failed: peak.failed + over.failed + storm.failed,
      peakMemoryMb: memoryAtPeak,
      stormMemoryMb: memoryOf(child.pid),
      bareHttpPerSecond: perSecond(raw),
      peakOfBareHttp: ratio(peak.ok, raw.ok),
    }
  } finally {
    child.kill('SIGKILL')
    bare.close()
    bare.closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function urlOf(child: ReturnType<typeof spawn>): Promise<string> {
  let printed = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  while (!/http:\/\/\S+/.test(printed)) await delay(20)
  return /http:\/\/[\d.:]+/.exec(printed)?.[0] ?? ''
}

function memoryOf(pid: number | undefined): number {
  return Math.round(Number(statusOf(pid, 'VmRSS')) / 1024)
}

function statusOf(pid: number | undefined, name: string): string {
  const text = process.getBuiltinModule('node:fs').readFileSync(`/proc/${pid}/status`, 'utf8')
  return new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? '0'
}

/** Clients in a process of their own, each with one connection. */
async function clients(url: string, { count, seconds }: { count: number; seconds: number }): Promise<Counts> {
  const child = fork(fileURLToPath(import.meta.url), ['clients', url, `${count}`, `${seconds}`])
  const [counts] = (await once(child, 'message')) as [Counts]
  child.kill()
  return counts
}

const perSecond = ({ ok }: Counts): number => Math.round(ok / SECONDS)
const ratio = (one: number, other: number): number => Math.round((one / other) * 100) / 100

async function beClients(url: string, count: number, seconds: number): Promise<Counts> {
  const agent = new Agent({ keepAlive: true, maxSockets: count })
  const end = performance.now() + seconds * 1000
  const times: number[] = []
  let [ok, refused, failed] = [0, 0, 0]
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const started = performance.now()
      const { status, retryAfter } = await get(url, agent)
      times.push(performance.now() - started)
      if (status === 200) ok += 1
      else if (status === 503) refused += 1
      else failed += 1
      if (retryAfter > 0) await delay(Math.min(retryAfter * 1000, Math.max(0, end - performance.now())))
    }
  }
  await Promise.all(Array.from({ length: count }, client))
  const p99 = Math.round(times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0)
  return { ok, refused, failed, p99 }
}

function get(url: string, agent: Agent): Promise<{ status: number; retryAfter: number }> {
  const { promise, resolve: done } = Promise.withResolvers<{ status: number; retryAfter: number }>()
  const sent = request(url, { agent, headers: { authorization } }, (response) => {
    response
      .resume()
      .once('end', () =>
        done({ status: response.statusCode ?? 0, retryAfter: Number(response.headers['retry-after'] ?? 0) }),
      )
  })
  sent.once('error', () => done({ status: 0, retryAfter: 1 }))
  sent.end()
  return promise
}

if (process.argv[2] === 'clients') {
  const [, , , url = '', count, seconds] = process.argv
  process.send?.(await beClients(url, Number(count), Number(seconds)))
}
