/** Why something failed, in a sentence that is stored and shown. */
import { isHostError } from '@commissaire/hosts'

/** The reason in a sentence; for a host's own fault its code comes first, by which programs tell them apart. */
export function reasonOf(error: unknown): string {
  if (isHostError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
