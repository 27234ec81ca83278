/**
 * The system as people run it: the program `commissaire` as a process of its own, and `commctl` against it.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const commissaire = join(root, 'apps/commissaire/bin/commissaire.js')
const commctl = join(root, 'apps/commctl/bin/commctl.js')

/** How a command of `commctl` ended. */
export interface Answer {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A running system on a data folder that goes with it. */
export interface SystemUnderTest extends AsyncDisposable {
  readonly folder: string
  /** Runs a command of `commctl`, whatever it ends with. */
  commctl(...words: string[]): Promise<Answer>
  /** Runs a command that must succeed, and reads what it prints as JSON. */
  json<T>(...words: string[]): Promise<T>
  /** Ends the process at once, as a power cut would, and starts it again on the same data; `meanwhile` it is away. */
  killAndRestart(meanwhile?: () => Promise<void>): Promise<void>
  /** What the process logged so far. */
  log(): string
}

/** Starts the program with these flags on any free port, and waits until it says that it is ready. */
export async function startSystemUnderTest(...flags: string[]): Promise<SystemUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'commissaire-end-to-end-'))
  const logFile = join(folder, 'log')
  const start = () =>
    startProgram(['--data', folder, '--listen-port', '0', '--no-config-file', ...flags], logFile)
  let program = await start()

  const run = (...words: string[]): Promise<Answer> =>
    new Promise((done) => {
      const args = [commctl, '--config', join(folder, 'credentials.json'), ...words]
      const child = execFile(process.execPath, args, { timeout: 300_000 }, (_error, stdout, stderr) =>
        done({ status: child.exitCode ?? -1, stdout, stderr }),
      )
    })

  return {
    folder,
    commctl: run,
    json: async <T>(...words: string[]) => {
      const { status, stdout, stderr } = await run(...words, '--output', 'json')
      if (status !== 0) throw new Error(`commctl ${words.join(' ')} ended with ${status}: ${stderr}${stdout}`)
      return JSON.parse(stdout) as T
    },
    killAndRestart: async (meanwhile) => {
      await end(program, 'SIGKILL')
      await meanwhile?.()
      program = await start()
    },
    log: () => readFileSync(logFile, 'utf8'),
    [Symbol.asyncDispose]: async () => {
      await end(program, 'SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Program = ReturnType<typeof spawn>

async function startProgram(args: string[], logFile: string): Promise<Program> {
  const program = spawn(process.execPath, [commissaire, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  program.stderr?.pipe(createWriteStream(logFile, { flags: 'a' }))
  const ended = once(program, 'exit').then(() => {
    throw new Error(`commissaire ended before it was ready:\n${readFileSync(logFile, 'utf8')}`)
  })
  const ready = new Promise<void>((done) => {
    program.stdout?.on('data', (text: Buffer) => text.includes('is ready') && done())
  })
  ended.catch(() => undefined)
  await Promise.race([ready, ended])
  return program
}

async function end(program: Program, signal: NodeJS.Signals): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return
  const ended = once(program, 'exit')
  program.kill(signal)
  await ended
}
