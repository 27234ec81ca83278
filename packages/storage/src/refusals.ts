/** Recognizes errors of the storage service by their `code`, since two copies of the bus package may be loaded. */
import { errorTable } from '@commissaire/bus'

/** Whether the error says that nothing is stored under that key. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, errorTable.StorageLookup.code)
}

/** Whether the error says that the revision that was expected is not the stored one, or that something is stored already. */
export function isConflict(error: unknown): boolean {
  return hasCode(error, errorTable.Conflict.code)
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
