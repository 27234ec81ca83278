/**
 * What is stored of a host, and how its status changes: only along legal moves, and never over somebody else's newer
 * word.
 */
import { BusError } from '@commissaire/bus'
import { isHostError } from '@commissaire/hosts'
import { Host, type HostStatusName, mayMove, timestamp } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

/** Moves a host to a status together with what was learnt on the way; `Conflict` where somebody moved it elsewhere. */
export function moveHost(
  storage: StorageClient,
  address: string,
  { status, ...learnt }: Partial<Host> & { status: HostStatusName },
): Promise<Host> {
  return storage.update(Host, address, (host) => {
    if (!mayMove(host.status, status)) throw moved(host, status)
    return { ...host, status_reason: '', ...learnt, status }
  })
}

/** Says of a host that it failed, and why. */
export function failHost(storage: StorageClient, address: string, error: unknown): Promise<Host> {
  const failure = { status: 'failed', status_reason: reasonOf(error), last_check: timestamp() } as const
  return storage.update(Host, address, (host) => ({ ...host, ...failure }))
}

/** The reason in a sentence; for a host's own trouble its code comes first, by which programs tell them apart. */
export function reasonOf(error: unknown): string {
  if (isHostError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

function moved({ address, status, status_reason }: Host, wanted: HostStatusName): BusError {
  const reason = status_reason ? ` (${status_reason})` : ''
  const message = `Host ${address} is "${status}"${reason} by somebody else's hand; it cannot become "${wanted}" from there`
  return new BusError('Conflict', message, { data: { address, status, wanted } })
}
