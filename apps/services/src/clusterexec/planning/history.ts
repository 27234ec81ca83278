/** Estimates how long hosts take, from earlier operations of the same kind in the same cluster. */
import { type Operation, OperationHosts, Operations, parseTimestamp } from '@commissaire/models'
import { estimate } from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'

/** How many earlier operations are taken into account. */
const MAX_OPERATIONS = 5

/** Returns a function that estimates the milliseconds of a host by its address; undefined if there is no history. */
export async function estimatesFor(
  storage: StorageClient,
  { id, kind, cluster }: Pick<Operation, 'id' | 'kind' | 'cluster'>,
): Promise<(address: string) => number | undefined> {
  const earlier = (await storage.list(Operations))
    .filter((other) => other.kind === kind && other.cluster === cluster && other.id !== id)
    .sort((one, other) => (one.started_at < other.started_at ? -1 : 1))
    .slice(-MAX_OPERATIONS)
  const own = new Map<string, number[]>()
  for (const operation of earlier) await addDurations(storage, operation.id, own)
  const all = [...own.values()].flat()
  return (address) => estimate({ own: own.get(address) ?? [], all })
}

async function addDurations(storage: StorageClient, id: string, own: Map<string, number[]>): Promise<void> {
  for (const host of await storage.list(OperationHosts, { prefix: `${id}/` })) {
    if (host.state !== 'done') continue
    const [from, until] = [parseTimestamp(host.started_at), parseTimestamp(host.finished_at)]
    if (!from || !until) continue
    const durations = own.get(host.address) ?? []
    durations.push(until.getTime() - from.getTime())
    own.set(host.address, durations)
  }
}
