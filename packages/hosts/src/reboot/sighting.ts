/**
 * One look at a host that reboots, on a connection of its own. Everything that may go wrong while a host goes down and
 * comes up is a sighting, not an error; only another host key and a caller who gives up end the wait.
 */
import { HostError, isHostError } from '../errors.ts'
import { type Pulse, takePulse } from '../facts/gather.ts'
import type { Remote } from '../remote.ts'
import type { Target } from '../ssh/target.ts'

/** What one look saw. */
export type Sighting =
  | { readonly kind: 'pulse'; readonly pulse: Pulse }
  /** The host did not answer, or not with a whole and valid answer. */
  | { readonly kind: 'nothing'; readonly error: HostError }

/** Where connections come from: the pool, or anything else that can connect and forget. */
export interface Connector {
  connect(target: Target, options?: { readonly signal?: AbortSignal }): Promise<Remote>
  forget(address: string): Promise<void>
}

/** Looks once. The target's host key is the pin. */
export async function look(
  connector: Connector,
  target: Target,
  options: { readonly signal?: AbortSignal; readonly timeout: number },
): Promise<Sighting> {
  const { signal } = options
  try {
    await using remote = await connector.connect(target, signal ? { signal } : {})
    return { kind: 'pulse', pulse: await takePulse(remote, options) }
  } catch (error) {
    return nothing(target, error, signal)
  }
}

function nothing({ address }: Target, error: unknown, signal: AbortSignal | undefined): Sighting {
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
