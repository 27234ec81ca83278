/** The time limits of a reboot, and a delay that can be cancelled. */
import { setTimeout as pause } from 'node:timers/promises'
import { HostError } from '../errors.ts'

/** What time the parts of a reboot have, in milliseconds. */
export interface RebootTiming {
  /** Milliseconds until the old boot must be gone. Default: five minutes. */
  readonly downWithin: number
  /** Milliseconds until the host must be back. Default: fifteen minutes. */
  readonly returnWithin: number
  /** Milliseconds that it then has to start its services. Default: five minutes. */
  readonly settleWithin: number
  /** Milliseconds that it must stay up and well before the reboot counts. Default: ten seconds. */
  readonly settleTime: number
  /** Milliseconds between two looks. Default: one second. */
  readonly interval: number
}

/** The times of reboots for which no others are given. */
export const defaultRebootTiming: RebootTiming = {
  downWithin: 5 * 60_000,
  returnWithin: 15 * 60_000,
  settleWithin: 5 * 60_000,
  settleTime: 10_000,
  interval: 1000,
}

/** Waits; fails with `cancelled` when the caller gives up. */
export async function wait(ms: number, address: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await pause(ms, undefined, signal ? { signal } : {})
  } catch (cause) {
    throw new HostError('cancelled', `Waiting for ${address} was given up`, { address, cause })
  }
}
