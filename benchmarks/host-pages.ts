/**
 * Pages out of a hundred thousand hosts, and single hosts, over REST with sqlite and the bus in between. Beside it, in the
 * same run, a bare HTTP server that answers with the same bytes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Host, parseModel } from '@commissaire/models'
import { Store } from '@commissaire/storage'

const program = resolve(import.meta.dirname, '../apps/commissaire/bin/commissaire.js')
const authorization = `Basic ${Buffer.from('a:a').toString('base64')}`
const users = {
  a: { hash: '$scrypt$ln=4,r=8,p=1$Y29tbWlzc2FpcmUtdGVzdA$PK3Kz2VDYZge1XclWV1XqSYzzI29lBha3i3qnb6oLJY' },
}
const HOSTS = 100_000
const agent = new Agent({ keepAlive: true })

/** Measures; takes about two minutes. */
export async function measureHostPages(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'commissaire-bench-'))
  try {
    await fill(folder)
    const file = join(folder, 'commissaire.conf')
    const plugin = { name: 'httpbasicauth', users }
    const settings = {
      data: folder,
      listen_port: 0,
      watch_interval: 86_400,
      authentication_plugins: [plugin],
    }
    writeFileSync(file, JSON.stringify(settings))
    const child = spawn(process.execPath, [program, '-c', file], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      return await measure(`${await urlOf(child)}/api/v0`)
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(api: string): Promise<Record<string, number>> {
  const first = await times(`${api}/hosts?limit=100`, 300)
  const middle = await times(`${api}/hosts?limit=100&after=${mark(address(HOSTS / 2))}`, 300)
  const failed = await times(`${api}/hosts?limit=100&status=failed`, 100)
  const { body } = await get(`${api}/hosts?limit=100`)
  const bare = createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1')
  await once(bare, 'listening')
  const { port } = bare.address() as AddressInfo
  const raw = await times(`http://127.0.0.1:${port}/`, 300)
  const single = await perSecond(`${api}/host/${address(77)}`)
  const bareSingle = await perSecond(`http://127.0.0.1:${port}/`)
  bare.close()
  bare.closeAllConnections()
  return {
    hosts: HOSTS,
    firstPageMedianMs: median(first),
    firstPageP99Ms: percentile(first, 0.99),
    middlePageMedianMs: median(middle),
    failedHostsMedianMs: median(failed),
    bareHttpMedianMs: median(raw),
    pageBytes: Buffer.byteLength(body),
    singleHostsPerSecond: single,
    bareHttpPerSecond: bareSingle,
    singleOfBare: Math.round((single / bareSingle) * 100) / 100,
  }
}

/** Puts the hosts where the program finds them; one in a thousand has failed. */
async function fill(dataDir: string): Promise<void> {
  await using store = await Store.open({}, { dataDir, keyFile: join(dataDir, 'sealing.key') })
  for (let start = 0; start < HOSTS; start += 5000) {
    const models = Array.from({ length: 5000 }, (_, index) => hostOf(start + index))
    await store.save(
      Host,
      models.map((model) => ({ model })),
    )
  }
}

function hostOf(index: number): Host {
  const facts = { kernel: '6.1.0', packages: Array.from({ length: 40 }, (_, each) => `package-${each}`) }
  const status = index % 1000 === 0 ? 'failed' : 'active'
  const last_check = '2099-01-01T00:00:00.000000'
  return parseModel(Host, {
    address: address(index),
    status,
    os: 'debian',
    cpus: 4,
    memory: 8_000_000,
    facts,
    last_check,
  })
}

const address = (index: number): string =>
  `10.${index >> 16}.${String((index >> 8) & 255).padStart(3, '0')}.${String(index & 255).padStart(3, '0')}`

const mark = (key: string): string => Buffer.from(`p1.${key}`).toString('base64url')

async function urlOf(child: ReturnType<typeof spawn>): Promise<string> {
  let printed = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  while (!/http:\/\/\S+/.test(printed)) await delay(20)
  return /http:\/\/[\d.:]+/.exec(printed)?.[0] ?? ''
}

async function times(url: string, count: number): Promise<number[]> {
  const all: number[] = []
  for (let index = 0; index < count; index++) {
    const started = performance.now()
    const { status } = await get(url)
    if (status !== 200) throw new Error(`${url} answered ${status}`)
    all.push(performance.now() - started)
  }
  return all.sort((a, b) => a - b)
}

async function perSecond(url: string, seconds = 8): Promise<number> {
  const end = performance.now() + seconds * 1000
  let count = 0
  const client = async (): Promise<void> => {
    for (; performance.now() < end; count++) await get(url)
  }
  await Promise.all(Array.from({ length: 32 }, client))
  return Math.round(count / seconds)
}

function get(url: string): Promise<{ status: number; body: string }> {
  const { promise, resolve: done, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const sent = request(url, { agent, headers: { authorization } }, (response) => {
    let body = ''
    response.setEncoding('utf8').on('data', (text: string) => (body += text))
    response.once('end', () => done({ status: response.statusCode ?? 0, body }))
  })
  sent.once('error', reject).end()
  return promise
}

const round = (value: number): number => Math.round(value * 100) / 100
const percentile = (sorted: readonly number[], share: number): number =>
  round(sorted[Math.floor(sorted.length * share)] ?? 0)
const median = (sorted: readonly number[]): number => percentile(sorted, 0.5)
