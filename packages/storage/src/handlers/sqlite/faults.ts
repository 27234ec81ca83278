/**
 * Translates the result codes of SQLite, and waits for a lock without blocking the process.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { BusError } from '@commissaire/bus'
import { StoreFault, type StoreFaultKind } from '../../faults.ts'

const busy = 5

const faults: Record<number, [kind: StoreFaultKind, cause: string]> = {
  5: ['locked', 'another process has been writing to it all the time; try again'],
  6: ['locked', 'another process has been writing to it all the time; try again'],
  8: ['unwritable', 'it may only be read; check the owner and mode of the file and its directory'],
  10: ['unwritable', 'its disk reports an error; check the disk'],
  11: ['damaged', 'its content is damaged; put back a backup'],
  13: ['full', 'its disk is full. Nothing was changed; make room and try again'],
  14: ['unwritable', 'it cannot be opened; check the owner and mode of the file and its directory'],
  26: ['damaged', 'it is no SQLite database; put back a backup, or move it away to begin anew'],
}

/** Runs `work`, again and again with growing pauses while another process holds the lock, until the time is over. */
export async function retryWhileLocked<T>(work: () => T, timeout: number): Promise<T> {
  const end = performance.now() + timeout
  for (let pause = 2; ; pause = Math.min(pause * 2, 100)) {
    try {
      return work()
    } catch (error) {
      if (resultCode(error) !== busy || performance.now() > end) throw error
    }
    await delay(pause * (0.5 + Math.random()))
  }
}

/** The error as a StoreFault; `what` says what was tried. What is not SQLite's passes unchanged. */
export function translate(error: unknown, what: string): unknown {
  if (error instanceof BusError) return error
  const code = systemCode(error)
  if (code === 'ENOSPC')
    return new StoreFault('full', `${what}: its disk is full; make room`, { cause: error })
  if (code === 'ERR_INVALID_STATE') return new StoreFault('closed', `${what}: it is closed`, { cause: error })
  const [kind, cause] = faults[resultCode(error) ?? -1] ?? ['unwritable', text(error)]
  return new StoreFault(kind, `${what}: ${cause}`, { cause: error })
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined
  // The upper bits say more than anybody here asks.
  return error.errcode & 0xff
}

function systemCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
