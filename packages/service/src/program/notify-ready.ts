/**
 * Tells systemd how the program is doing, for units with `Type=notify`.
 *
 * Node cannot write to a datagram socket in the file system, so the `systemd-notify` program does. It is not the unit's
 * main process: such a unit needs `NotifyAccess=all`.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from '@commissaire/bus'

/** What there is to tell. */
export type Readiness = 'READY=1' | 'STOPPING=1' | 'RELOADING=1'

/** Tells systemd, where NOTIFY_SOCKET says that it listens. Never throws: a deaf systemd is no reason to stop. */
export async function notifySystemd(log: Logger, state: Readiness, status: string): Promise<void> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return
  const words = [state, `STATUS=${status}`, `MAINPID=${process.pid}`]
  if (state === 'RELOADING=1') words.push(`MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
  try {
    await promisify(execFile)('systemd-notify', words, { timeout: 5_000 })
  } catch (error) {
    log.warn({ err: error, state }, `cannot tell systemd ${state}: is systemd-notify installed?`)
  }
}
