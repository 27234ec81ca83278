/** Programs in Python with a real, unmodified kombu. */

import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const python = '/usr/bin/python3'

/** Whether there is a kombu to test with. In CI its absence is a failure, not a reason to skip. */
export const haveKombu = present()

function present(): boolean {
  if (spawnSync(python, ['-c', 'import kombu, redis, amqp']).status === 0) return true
  const remedy = 'kombu is missing; run: apt-get install python3-kombu python3-redis'
  if (process.env['CI']) throw new Error(remedy)
  console.warn(`SKIPPED the tests against kombu: ${remedy}`)
  return false
}

export function start(name: string, ...args: string[]): ChildProcess {
  const program = fileURLToPath(new URL(`../fixtures/${name}.py`, import.meta.url))
  return spawn(python, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs a program to its end, and returns what it printed. Rejects when it failed. */
export async function run(name: string, ...args: string[]): Promise<unknown[]> {
  const child = start(name, ...args)
  const lines: string[] = []
  if (child.stdout) createInterface(child.stdout).on('line', (line) => lines.push(line))
  const [status] = await once(child, 'close')
  assert.equal(status, 0, `${name} failed`)
  return lines.map((line): unknown => JSON.parse(line))
}
