/**
 * Observes a host that reboots, on a connection of its own. Everything that may go wrong while a host goes down and
 * comes up is an observation, not an error; only another host key and a caller that gives up end the wait.
 */
import { HostError, isHostError } from '../errors.ts'
import { type BootStatus, readBootStatus } from '../facts/gather.ts'
import type { Remote } from '../remote.ts'
import type { Target } from '../ssh/target.ts'

/** The result of an observation. */
export type Observation =
  | { readonly kind: 'answered'; readonly status: BootStatus }
  /** The host did not answer, or not with a whole and valid answer. */
  | { readonly kind: 'nothing'; readonly error: HostError }

/** Where connections come from: the pool, or anything else that can connect and forget. */
export interface Connector {
  connect(target: Target, options?: { readonly signal?: AbortSignal }): Promise<Remote>
  forget(address: string): Promise<void>
}

/** Observes once. The target's host key is the pin. */
export async function observe(
  connector: Connector,
  target: Target,
  options: { readonly signal?: AbortSignal; readonly timeout: number },
): Promise<Observation> {
  const { signal } = options
  try {
    await using remote = await connector.connect(target, signal ? { signal } : {})
    return { kind: 'answered', status: await readBootStatus(remote, options) }
  } catch (error) {
    return nothing(target, error, signal)
  }
}

function nothing({ address }: Target, error: unknown, signal: AbortSignal | undefined): Observation {
  if (signal?.aborted) {
    throw new HostError('cancelled', `Waiting for ${address} was given up`, { address, cause: signal.reason })
  }
  if (!isHostError(error)) throw error
  if (error.code === 'host_key_changed') throw identityChanged(address, error)
  if (error.code === 'closed' || error.code === 'key_invalid') throw error
  return { kind: 'nothing', error }
}

function identityChanged(address: string, cause: HostError): HostError {
  const { pinned, found } = cause.details
  const what = `${address} came back from its reboot with host key ${String(found)} instead of ${String(pinned)}`
  return new HostError('identity_changed', what, { address, cause, details: cause.details })
}
