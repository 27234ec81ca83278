/**
 * One operation works on a host at a time, wherever it is worked on. The lock is the operation's and not its worker's,
 * so that it outlives a worker; one whose operation is over or gone is free.
 */
import { setTimeout as pause } from 'node:timers/promises'

import { HostLock, isOver, Operation, OperationLease, parseTimestamp, timestamp } from '@commissaire/models'
import { isConflict, type StorageClient } from '@commissaire/storage'

import { exclusionKey } from './mutual-exclusion.ts'

/** Milliseconds between looks at a lock that another operation holds; half as long again at most. */
const LOOK = 500

/** Waits until the host is that operation's alone; tells once whom it waits for. */
export async function lockHost(
  storage: StorageClient,
  { address, operation }: { address: string; operation: string },
  { signal, onWait }: { signal: AbortSignal; onWait: (other: string) => void },
): Promise<void> {
  let told = ''
  for (;;) {
    const other = await tryLock(storage, { address, operation })
    if (other === undefined) return
    if (other !== told) onWait(other)
    told = other
    await pause(LOOK * (1 + Math.random() / 2), undefined, { signal })
  }
}

/** Gives the host back, if it is that operation's. */
export async function unlockHost(
  storage: StorageClient,
  { address, operation }: { address: string; operation: string },
): Promise<void> {
  const lock = await storage.find(HostLock, address)
  if (lock?.operation !== operation) return
  await storage.deleteIfPresent(HostLock, address)
}

/** A worker that gave no sign of life for that long does not work on anything. */
const LIFE = 15 * 60_000

/** The operation that is working on a host, and keeps it away from others; undefined where there is none. */
export async function activeOperationOn(
  storage: StorageClient,
  address: string,
): Promise<string | undefined> {
  const lock = await storage.find(HostLock, address)
  if (!lock || !(await isUnderWay(storage, lock.operation))) return undefined
  const operation = await storage.find(Operation, lock.operation)
  const lease = operation && (await storage.find(OperationLease, exclusionKey(operation)))
  const sign = parseTimestamp(lease?.renewed_at ?? '')?.getTime() ?? 0
  return Date.now() - sign < LIFE ? lock.operation : undefined
}

/** Takes the lock; the operation that has it where it cannot be had. */
async function tryLock(
  storage: StorageClient,
  { address, operation }: { address: string; operation: string },
): Promise<string | undefined> {
  const seen = await storage.findWithRevision(HostLock, address)
  if (seen?.model.operation === operation) return undefined
  if (seen && (await isUnderWay(storage, seen.model.operation))) return seen.model.operation
  const mine = { address, operation, since: timestamp() }
  try {
    await storage.save(HostLock, mine, { revision: seen?.revision ?? null })
    return undefined
  } catch (error) {
    if (isConflict(error)) return seen?.model.operation ?? 'another operation'
    throw error
  }
}

async function isUnderWay(storage: StorageClient, id: string): Promise<boolean> {
  const operation = await storage.find(Operation, id)
  return operation !== undefined && !isOver(operation.status)
}
