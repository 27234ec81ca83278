/**
 * Which process is meant: a number alone may have been given to another process since, so the lab records its start
 * time beside it and touches only what still has both.
 */
import { readFileSync } from 'node:fs'
import { run } from '../command.ts'
import { until } from '../until.ts'

/** A process beyond doubt: its number and its start time in clock ticks since the machine booted. */
export interface ProcessMark {
  readonly pid: number
  readonly start: string
}

/** The mark of a running process; undefined when there is none, or only its remains. */
export function markOf(pid: number): ProcessMark | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (!stat) return undefined
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' ? undefined : { pid, start: fields[18] ?? '' }
}

/** Whether the marked process still runs. */
export function isAlive(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.start === mark.start
}

/** The marks that a host's runner wrote down, oldest first: one "pid start" a line. */
export function readMarks(file: string): ProcessMark[] {
  return (read(file) ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [pid, start] = line.split(' ')
      return { pid: Number(pid), start: start ?? '' }
    })
}

/** Sends a signal if the marked process still runs. */
export function signalTo(mark: ProcessMark, signal: NodeJS.Signals): void {
  if (isAlive(mark)) signalPid(mark.pid, signal)
}

/** The processes inside a network namespace; none when it does not exist. */
export async function processesIn(namespace: string): Promise<number[]> {
  const pids = await run('ip', ['netns', 'pids', namespace]).catch(() => '')
  return pids.split('\n').filter(Boolean).map(Number)
}

/** The first process of the host in this namespace: number 1 to itself. */
export async function initOf(namespace: string): Promise<number | undefined> {
  const pids = await processesIn(namespace)
  return pids.find((pid) => /^NSpid:.*\t1$/m.test(read(`/proc/${pid}/status`) ?? ''))
}

/** Kills every process of a namespace and returns when the last is gone. */
export async function emptyNamespace(namespace: string): Promise<void> {
  await until(
    async () => {
      const pids = await processesIn(namespace)
      for (const pid of pids) signalPid(pid, 'SIGKILL')
      return pids.length === 0
    },
    { what: `the last process in namespace ${namespace} is gone` },
  )
}

/** The name of a running process; undefined when it has ended. */
export function nameOf(pid: number): string | undefined {
  return read(`/proc/${pid}/comm`)?.trim()
}

/** Sends a signal to a process that was seen a moment ago. */
export function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended between our look and our signal.
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
