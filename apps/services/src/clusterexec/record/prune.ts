/** Deletes old operations: of each cluster the latest are kept, with their host records and output. */
import type { Logger } from '@commissaire/bus'
import { Operation, OperationHost, OperationHosts, OperationOutput, Operations } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

/** How many operations of a cluster are kept that are over. */
const KEPT = 100

/** Deletes the operations that are too old. An error is logged; the next operation tries again. */
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
    log.warn({ err, cluster }, 'Old operations could not be deleted')
  }
}

async function remove(storage: StorageClient, operation: string): Promise<void> {
  for (const { id } of await storage.list(OperationHosts, { prefix: `${operation}/` })) {
    await storage.deleteIfPresent(OperationOutput, id)
    await storage.deleteIfPresent(OperationHost, id)
  }
  await storage.deleteIfPresent(Operation, operation)
}
