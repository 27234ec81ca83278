/** Real processes that use a store, to see what happens when there are two of them, or one of them is killed. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Starts a program of the folder `programs`; it ends with the test, if not before. */
export function startProgram(name: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const program = join(import.meta.dirname, 'programs', name)
  const child = spawn(process.execPath, ['--conditions=@commissaire/source', program, ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Runs a program to its end; rejects with what it complained of. */
export async function runProgram(name: string, args: readonly string[]): Promise<void> {
  const child = startProgram(name, args)
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${complaint}`)
}
