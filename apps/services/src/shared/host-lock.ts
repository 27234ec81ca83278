/**
 * Locks hosts, so that one operation at a time works on a host. A lock belongs to an operation and not to its worker, so it
 * outlives the worker. A lock whose operation is over or deleted is free.
 */
import { setTimeout as pause } from 'node:timers/promises'

import { HostLock, isOver, Operation, OperationLease, parseTimestamp, timestamp } from '@commissaire/models'
import { isConflict, type StorageClient } from '@commissaire/storage'

import { exclusionKey } from './mutual-exclusion.ts'

/** Milliseconds between two attempts to take a lock; up to half as long again at random. */
const INTERVAL = 500

/** Waits until the operation has the lock. `onWait` is called once for each other operation that has it. */
export async function lockHost(
  storage: StorageClient,
  { address, operation }: { address: string; operation: string },
  { signal, onWait }: { signal: AbortSignal; onWait: (other: string) => void },
): Promise<void> {
  let reported = ''
  for (;;) {
    const other = await tryLock(storage, { address, operation })
    if (other === undefined) return
    if (other !== reported) onWait(other)
    reported = other
    await pause(INTERVAL * (1 + Math.random() / 2), undefined, { signal })
  }
}

/** Releases the lock, if the operation has it. */
export async function unlockHost(
  storage: StorageClient,
  { address, operation }: { address: string; operation: string },
): Promise<void> {
  await storage.deleteIf(HostLock, address, (lock) => lock.operation === operation)
}

/** Milliseconds without a renewal of its lease after which an operation counts as abandoned. */
const ABANDONED_AFTER = 15 * 60_000

/** The operation that has the lock and works on the host; undefined if there is none. */
export async function activeOperationOn(
  storage: StorageClient,
  address: string,
): Promise<string | undefined> {
  const lock = await storage.find(HostLock, address)
  if (!lock || !(await isInProgress(storage, lock.operation))) return undefined
  const operation = await storage.find(Operation, lock.operation)
  const lease = operation && (await storage.find(OperationLease, exclusionKey(operation)))
  const renewedAt = parseTimestamp(lease?.renewed_at ?? '')?.getTime() ?? 0
  return Date.now() - renewedAt < ABANDONED_AFTER ? lock.operation : undefined
}

/** Takes the lock. Returns the operation that has it if that is another one. */
async function tryLock(
  storage: StorageClient,
  { address, operation }: { address: string; operation: string },
): Promise<string | undefined> {
  const seen = await storage.findWithRevision(HostLock, address)
  if (seen?.model.operation === operation) return undefined
  if (seen && (await isInProgress(storage, seen.model.operation))) return seen.model.operation
  const mine = { address, operation, since: timestamp() }
  try {
    await storage.save(HostLock, mine, { revision: seen?.revision ?? null })
    return undefined
  } catch (error) {
    if (isConflict(error)) return seen?.model.operation ?? 'another operation'
    throw error
  }
}

async function isInProgress(storage: StorageClient, id: string): Promise<boolean> {
  const operation = await storage.find(Operation, id)
  return operation !== undefined && !isOver(operation.status)
}
