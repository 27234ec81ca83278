/**
 * When each host was up and when it was not, on the machine's one clock, so that a test can prove that never more
 * than so many hosts were down at a time.
 *
 * A host counts as down from the moment it begins to shut down, with sshd still answering, until sshd answers again.
 */
import { existsSync, readFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostRecord } from '../state.ts'

const events = ['boot', 'up', 'down', 'ended'] as const

/** `boot` and `ended` are what the runner sees, `up` and `down` are said by the host itself. */
export interface BootEvent {
  /** Seconds since this machine booted; the same clock for every host. */
  readonly at: number
  readonly event: (typeof events)[number]
  /** The boot id for `up` and `down`, nspawn's exit status for `ended` (133 is a reboot, 0 switched off) or `unplugged`. */
  readonly detail: string
}

/** A time in which a host did not answer; `to` is undefined while it still does not. */
export interface Downtime {
  readonly from: number
  readonly to: number | undefined
}

/** All that happened to a host since its lab was built, oldest first. */
export function readBootLog(host: HostRecord): BootEvent[] {
  const file = bootLogFile(host)
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
  return lines.flatMap((line) => {
    const [at, word, detail = ''] = line.split(' ')
    const event = events.find((event) => event === word)
    return event ? { at: Number(at), event, detail } : []
  })
}

/** Adds what the lab itself does to a host, such as pulling its plug. */
export async function noteInBootLog(
  host: HostRecord,
  event: BootEvent['event'],
  detail: string,
): Promise<void> {
  const [now] = readFileSync('/proc/uptime', 'utf8').split(' ')
  await appendFile(bootLogFile(host), `${now} ${event} ${detail}\n`)
}

/** The file in which a host and its runner write. */
export function bootLogFile(host: HostRecord): string {
  return join(host.folder, 'shared', 'boots')
}

/** Whether the host has said that it is up, and nothing since. */
export function isUp(log: readonly BootEvent[]): boolean {
  return log.at(-1)?.event === 'up'
}

/** The times in which a host was down after it had been up for the first time. */
export function downtimes(log: readonly BootEvent[]): Downtime[] {
  const found: Downtime[] = []
  let from: number | undefined
  const first = log.findIndex(({ event }) => event === 'up')
  for (const { at, event } of first < 0 ? [] : log.slice(first)) {
    if (event !== 'up') from ??= at
    else if (from !== undefined) {
      found.push({ from, to: at })
      from = undefined
    }
  }
  return from === undefined ? found : [...found, { from, to: undefined }]
}

/** The largest number of hosts that were down at the same moment. */
export function mostDownAtOnce(logs: readonly (readonly BootEvent[])[]): number {
  const times = logs.flatMap(downtimes)
  const overlapping = times.map(
    ({ from }) => times.filter((other) => other.from <= from && from < (other.to ?? Infinity)).length,
  )
  return Math.max(0, ...overlapping)
}
