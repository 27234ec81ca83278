/**
 * Notifies systemd of the state of the program, for units with `Type=notify`.
 *
 * Node cannot write to Unix datagram sockets, so the `systemd-notify` program is called. It is not the main process of
 * the unit, so the unit needs `NotifyAccess=all`.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from '@commissaire/bus'

/** The states that systemd is notified of. */
export type Readiness = 'READY=1' | 'STOPPING=1' | 'RELOADING=1'

/** Notifies systemd if NOTIFY_SOCKET is set. Does not throw: a failure is logged. */
export async function notifySystemd(log: Logger, state: Readiness, status: string): Promise<void> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return
  const words = [state, `STATUS=${status}`, `MAINPID=${process.pid}`]
  if (state === 'RELOADING=1') words.push(`MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
  try {
    await promisify(execFile)('systemd-notify', words, { timeout: 5_000 })
  } catch (error) {
    log.warn(
      { err: error, state },
      `could not notify systemd of ${state}; check that systemd-notify is installed`,
    )
  }
}
