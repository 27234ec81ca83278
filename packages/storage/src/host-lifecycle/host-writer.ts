/**
 * Every write of a host. A status changes only along legal moves and only by compare-and-set, so that a newer status of
 * another process stands; what else is learned of a host is written without its status.
 */
import { BusError } from '@commissaire/bus'
import {
  Host,
  type HostStatusName,
  isReadyHost,
  mayMove,
  parseModel,
  type ReadyStatus,
  timestamp,
} from '@commissaire/models'

import type { StorageClient } from '../client.ts'
import { isConflict, isMissing } from '../refusals.ts'
import type { Fetched } from '../store.ts'

/** What is learned of a host besides its status. */
export type HostKnowledge = Partial<Omit<Host, 'address' | 'status' | 'status_reason'>> & {
  readonly address?: never
  readonly status?: never
  readonly status_reason?: never
}

/** A status with its reason, and what was learned with it. Without a reason the status has none. */
export type HostMove = Omit<HostKnowledge, 'status' | 'status_reason'> & {
  readonly status: HostStatusName
  readonly status_reason?: string
}

/** Stores a new host, which has no status yet; `Conflict` when the host exists. */
export function addHost(storage: StorageClient, host: { address: string; host_key: string }): Promise<Host> {
  const { address, host_key } = host
  return storage.save(Host, parseModel(Host, { address, host_key }), { revision: null })
}

/** Moves a host to a status; `Conflict` when another process moved it to where this move is not legal. */
export function moveHost(storage: StorageClient, address: string, move: HostMove): Promise<Host> {
  return storage.update(Host, address, (host) => moved(host, move))
}

/** Marks a host as failed, which is legal from every status. */
export function failHost(storage: StorageClient, address: string, status_reason: string): Promise<Host> {
  return moveHost(storage, address, { status: 'failed', status_reason, last_check: timestamp() })
}

/** Moves a host that is ready; one that is failed, under investigation or not stored stays as it is. */
export async function moveReadyHost(
  storage: StorageClient,
  address: string,
  status: ReadyStatus,
): Promise<void> {
  try {
    await storage.update(Host, address, (host) =>
      isReadyHost(host) && (host.status !== status || host.status_reason)
        ? moved(host, { status })
        : undefined,
    )
  } catch (error) {
    // A host that is not stored has no status.
    if (!isMissing(error)) throw error
  }
}

/** Writes what a check found; undefined when the host was changed since it was fetched, so that nothing is written. */
export async function recordCheck(
  storage: StorageClient,
  { model, revision }: Fetched<Host>,
  move: HostMove,
): Promise<Host | undefined> {
  const checked = { ...moved(model, move), last_check: timestamp() }
  try {
    return await storage.save(Host, checked, { revision })
  } catch (error) {
    if (isConflict(error)) return undefined
    throw error
  }
}

/** Writes what is known of a host, and leaves its status. `change` may be called several times. */
export function updateHost(
  storage: StorageClient,
  address: string,
  change: (host: Host) => HostKnowledge | undefined,
): Promise<Host> {
  return storage.update(Host, address, (host) => {
    const known = change(host)
    return known && { ...host, ...known, address, status: host.status, status_reason: host.status_reason }
  })
}

function moved(host: Host, { status, status_reason = '', ...known }: HostMove): Host {
  if (!mayMove(host.status, status)) throw illegalMove(host, status)
  return { ...host, ...known, address: host.address, status, status_reason }
}

function illegalMove({ address, status, status_reason }: Host, wanted: HostStatusName): BusError {
  const reason = status_reason && ` (${status_reason})`
  const message = `Host ${address} is "${status}"${reason}, set by another process; it cannot become "${wanted}" from there`
  return new BusError('Conflict', message, { data: { address, status, wanted } })
}
