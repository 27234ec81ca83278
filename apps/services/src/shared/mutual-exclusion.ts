/**
 * What keeps two operations apart: of upgrades, restarts and deployments one each may be under way in a cluster. What
 * is run or held on chosen hosts may be several, and the locks of the hosts keep those apart.
 */
import type { Operation } from '@commissaire/models'

/** The key of the lease under which an operation is worked on. */
export function exclusionKey({ id, kind, cluster }: Pick<Operation, 'id' | 'kind' | 'cluster'>): string {
  return kind === 'exec' || kind === 'drain' ? id : `${kind}-of-${cluster}`
}
