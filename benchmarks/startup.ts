/**
 * How long the whole system takes from the start of its process until it answers that it is ready, on a new data folder
 * and on one that is there already; beside it, how long the same Node takes to start and do nothing.
 */
import { freePort } from '@commissaire/testing'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const program = resolve(import.meta.dirname, '../apps/commissaire/bin/commissaire.js')
const limit = 20_000

/** Starts the program on a new folder and then three times on the same; all figures are milliseconds. */
export async function measureStartup(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'commissaire-bench-'))
  try {
    const first = await untilReady(folder)
    const later = [await untilReady(folder), await untilReady(folder), await untilReady(folder)]
    return { firstStartMs: first, laterStartMedianMs: median(later), bareNodeMs: bareNode() }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function untilReady(folder: string): Promise<number> {
  const port = await freePort()
  const started = performance.now()
  const child = spawn(process.execPath, [program, '--data', folder, '--listen-port', String(port)], {
    stdio: 'ignore',
  })
  try {
    await ready(`http://127.0.0.1:${port}/readyz`, started + limit)
    return Math.round(performance.now() - started)
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
}

async function ready(url: string, until: number): Promise<void> {
  while (performance.now() < until) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
    await delay(5)
  }
  throw new Error(`${url} did not answer that it is ready within ${limit} ms`)
}

function bareNode(): number {
  const started = performance.now()
  spawnSync(process.execPath, ['--eval', '0'])
  return Math.round(performance.now() - started)
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

if (import.meta.main) console.log(await measureStartup())
