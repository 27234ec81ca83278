import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, test } from 'vitest'
import { notifySystemd } from '../../src/index.ts'
import { Notebook } from '../notebook.ts'
import { until } from '@commissaire/testing'

/** What systemd does: receives datagrams on a socket in the file system. Node cannot. */
const listener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`

afterEach(() => delete process.env['NOTIFY_SOCKET'])

const hasTools = ['systemd-notify', 'python3'].every((tool) => spawnSync(tool, ['--version']).status === 0)
if (!hasTools) console.warn('SKIPPED: install systemd-notify with: apt-get install systemd python3')

test.skipIf(!hasTools && process.env['CI'] === undefined)('systemd is told, where it listens', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'notify-'))
  const socket = join(directory, 'socket')
  const systemd = spawn('python3', ['-c', listener, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  const heard: string[] = []
  createInterface({ input: systemd.stdout }).on('line', (line) => heard.push(line))
  try {
    await until(() => existsSync(socket), 'the socket is there')
    process.env['NOTIFY_SOCKET'] = socket
    const log = new Notebook()
    await notifySystemd(log, 'READY=1', '3 processes')
    const text = await until(() => heard.find((line) => line.includes('READY=1')), 'it is heard')
    assert.match(text, /STATUS=3 processes/)
    assert.match(text, new RegExp(`MAINPID=${process.pid}`))
    assert.deepEqual(log.notes, [])
  } finally {
    systemd.kill()
    rmSync(directory, { recursive: true })
  }
})

test('without systemd nothing is told, and nothing is logged', async () => {
  const log = new Notebook()
  await notifySystemd(log, 'READY=1', 'ready')
  assert.deepEqual(log.notes, [])
})

test('a systemd that cannot be told is one line of warning', async () => {
  process.env['NOTIFY_SOCKET'] = '/nowhere/at/all'
  const log = new Notebook()
  await notifySystemd(log, 'READY=1', 'ready')
  assert.equal(log.of('warn').length, 1)
})
