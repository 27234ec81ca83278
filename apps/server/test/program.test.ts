/** `commissaire-server` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../bin/commissaire-server.js', import.meta.url))
const common = ['--no-config-file', '--bus-uri', 'memory://', '-i', '127.0.0.1', '-p', '0']

interface Line {
  readonly msg: string
  readonly url?: string
}

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
}

async function* logOf(child: ChildProcess): AsyncGenerator<Line> {
  if (!child.stderr) return
  for await (const line of createInterface(child.stderr)) yield JSON.parse(line)
}

test('it listens, answers, and ends well when it is told to', async () => {
  const child = start(...common)
  const ended = once(child, 'exit')
  const messages: string[] = []
  for await (const { msg, url } of logOf(child)) {
    messages.push(msg)
    if (url === undefined) continue
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect((await fetch(`${url}/api/v0/hosts`)).status).toBe(403)
    child.kill('SIGTERM')
  }
  expect(await ended).toEqual([0, null])
  expect(messages.join('\n')).toContain('every request is denied')
})

test('wrong usage ends it with 2, and says what is known', async () => {
  const child = start(...common, '--authentication-plugin', 'keystone')
  let said = ''
  child.stderr?.on('data', (text) => (said += String(text)))
  const [code] = await once(child, 'close')
  expect(code).toBe(2)
  expect(said).toContain('httpbasicauth')
})
