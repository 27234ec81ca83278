/** Old operations are not kept for ever: of each cluster the latest stay, with all that belongs to them. */
import type { Logger } from '@commissaire/bus'
import { Operation, OperationHost, OperationHosts, OperationOutput, Operations } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

/** So many operations of a cluster are kept that are over. */
const KEPT = 100

/** Takes away what is too old. Whatever keeps it from that is logged; the next operation tries again. */
export async function prune(
  { storage, log }: { storage: StorageClient; log: Logger },
  cluster: string,
): Promise<void> {
  try {
    const over = (await storage.list(Operations))
      .filter((operation) => operation.cluster === cluster && operation.finished_at !== '')
      .sort((one, other) => (one.finished_at < other.finished_at ? 1 : -1))
    for (const { id } of over.slice(KEPT)) await remove(storage, id)
  } catch (err) {
    log.debug({ err, cluster }, 'Old operations could not be taken away')
  }
}

async function remove(storage: StorageClient, operation: string): Promise<void> {
  for (const { id } of await storage.list(OperationHosts, { prefix: `${operation}/` })) {
    await storage.deleteIfPresent(OperationOutput, id)
    await storage.deleteIfPresent(OperationHost, id)
  }
  await storage.deleteIfPresent(Operation, operation)
}
