/**
 * Mutual exclusion of operations: a cluster has at most one upgrade, one restart and one deployment in progress. Any number
 * of `exec` and `drain` operations may run beside them; host locks keep operations on the same host apart.
 */
import type { Operation } from '@commissaire/models'

/** The key of an operation's lease. Operations with the same key exclude each other. */
export function exclusionKey({ id, kind, cluster }: Pick<Operation, 'id' | 'kind' | 'cluster'>): string {
  return kind === 'exec' || kind === 'drain' ? id : `${kind}-of-${cluster}`
}
