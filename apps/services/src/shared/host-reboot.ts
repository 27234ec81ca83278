/**
 * The facts and the need of a reboot that are stored of a host. A failure to read them does not mean that the host is
 * unhealthy: the need is then unknown, with the reason.
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

/** Reads from the host whether it needs a reboot. */
export async function rebootState(
  remote: Remote,
  facts: Facts,
  { signal }: { readonly signal: AbortSignal },
): Promise<Host['reboot']> {
  try {
    const { answer: needed, reason, source, services = null } = await rebootNeeded(remote, facts, { signal })
    return { needed, reason, source, services: services && [...services], checked_at: timestamp() }
  } catch (error) {
    return unknownState(error)
  }
}

/** Reads the facts and the need of a reboot again. If that fails, returns the reason and the time of the attempt. */
export async function refreshFacts(
  remote: Remote,
  { signal }: { readonly signal: AbortSignal },
): Promise<HostKnowledge> {
  try {
    const facts = await gatherFacts(remote, { signal })
    return { ...factFields(facts), reboot: await rebootState(remote, facts, { signal }) }
  } catch (error) {
    return { reboot: unknownState(error) }
  }
}

/** The attributes of a host that are taken from its facts. */
export function factFields(facts: Facts): HostKnowledge {
  return { ...hostFields(facts), facts: { ...facts } }
}

function unknownState(error: unknown): Host['reboot'] {
  if (!isHostError(error)) throw error
  return { needed: 'unknown', reason: error.message, source: '', services: null, checked_at: timestamp() }
}
