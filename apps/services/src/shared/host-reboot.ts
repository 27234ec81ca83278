/**
 * What is stored of a host's need of a reboot. Asking may fail in many ways, none of which says that the host is not
 * well: the need is then unknown, with the reason.
 */
import {
  type Facts,
  gatherFacts,
  hostFields,
  isHostError,
  rebootNeeded,
  type Remote,
} from '@commissaire/hosts'
import { type Host, timestamp } from '@commissaire/models'
import type { HostKnowledge } from '@commissaire/storage/host-lifecycle'

/** Asks the host, as far as it can be asked. */
export async function rebootState(
  remote: Remote,
  facts: Facts,
  { signal }: { readonly signal: AbortSignal },
): Promise<Host['reboot']> {
  try {
    const { answer: needed, reason, source, services = null } = await rebootNeeded(remote, facts, { signal })
    return { needed, reason, source, services: services && [...services], checked_at: timestamp() }
  } catch (error) {
    return notTold(error)
  }
}

/** Everything about a host that changes without us, read anew; only the time of the attempt where that fails. */
export async function lookCloser(
  remote: Remote,
  { signal }: { readonly signal: AbortSignal },
): Promise<HostKnowledge> {
  try {
    const facts = await gatherFacts(remote, { signal })
    return { ...learnt(facts), reboot: await rebootState(remote, facts, { signal }) }
  } catch (error) {
    return { reboot: notTold(error) }
  }
}

/** The attributes of a host that its facts fill. */
export function learnt(facts: Facts): HostKnowledge {
  return { ...hostFields(facts), facts: { ...facts } }
}

function notTold(error: unknown): Host['reboot'] {
  if (!isHostError(error)) throw error
  return { needed: 'unknown', reason: error.message, source: '', services: null, checked_at: timestamp() }
}
