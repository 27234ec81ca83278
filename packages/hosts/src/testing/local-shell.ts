/** Runs the commands of a scripted host with the sh of this machine. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Reply } from './reply.ts'

/** Runs commands of scripted hosts. */
export class LocalShell {
  readonly #children = new Set<ChildProcess>()

  run(command: string, input: string): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    // A group of its own, as sshd gives it one, so that all of it can be ended.
    const child = spawn('sh', ['-c', command], { stdio: 'pipe', detached: true })
    this.#children.add(child)
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => (stdout += String(chunk)))
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      this.#children.delete(child)
      resolve({ code: code ?? undefined, signal: signal ?? undefined, stdout, stderr })
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    return promise
  }

  /** Ends everything that runs. */
  kill(): void {
    for (const { pid } of this.#children) if (pid) process.kill(-pid, 'SIGKILL')
  }
}
