/** Runs a command with the sh of this machine, for scripted hosts that should really do something. */
import { spawn } from 'node:child_process'
import type { Reply } from './fake-host.ts'

export function runLocally(command: string, input: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], { stdio: 'pipe' })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => (stdout += String(chunk)))
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ code: code ?? undefined, signal: signal ?? undefined, stdout, stderr }),
    )
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
