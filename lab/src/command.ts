/**
 * Runs the system's own programs (`ip`, `mount`, `dpkg-deb` …), with arguments that no shell reads.
 */
import { spawn } from 'node:child_process'
import { LabError } from './errors.ts'

/** How a program ended and what it printed. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly signal?: AbortSignal
  readonly env?: NodeJS.ProcessEnv
  /** Sees each line of both streams as it comes. */
  readonly onLine?: (line: string) => void
}

/** Runs a program to its end and tells how it ended, whatever that was. */
export function result(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: options.env ?? process.env,
      ...(options.signal && { signal: options.signal }),
    })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text
        for (const line of text.split('\n')) if (line) options.onLine?.(line)
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, ...output }))
  })
}

/** Runs a program that must succeed, and returns what it printed. */
export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await result(program, args, options)
  if (code === 0) return stdout
  const said = (stderr || stdout).trim().split('\n').slice(-5).join('\n')
  throw new LabError('command_failed', `"${program} ${args.join(' ')}" ended with status ${code}: ${said}`)
}
