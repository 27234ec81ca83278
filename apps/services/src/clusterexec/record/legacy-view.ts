/**
 * The view of operations that peers and scripts of the original system know: one record for each cluster and kind, with the
 * hosts that are done. It is computed from the records of the operation.
 */
import {
  ClusterDeploy,
  ClusterRestart,
  ClusterUpgrade,
  type ModelDefinition,
  type Operation,
  parseModel,
  type RolloutStatus,
} from '@commissaire/models'
import type { Rollout } from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'

/** The three kinds of the original system. */
export type ClusterOperation = ClusterDeploy | ClusterRestart | ClusterUpgrade

interface Kind {
  readonly definition: ModelDefinition<ClusterOperation>
  /** The state of a host that is done, which is also the field that lists such hosts. */
  readonly participle: 'deployed' | 'restarted' | 'upgraded'
}

const kinds: Partial<Record<Operation['kind'], Kind>> = {
  deploy: { definition: ClusterDeploy, participle: 'deployed' },
  restart: { definition: ClusterRestart, participle: 'restarted' },
  upgrade: { definition: ClusterUpgrade, participle: 'upgraded' },
}

/** The model of operations of that kind; undefined for kinds that the original system does not have. */
export function viewDefinition(kind: Operation['kind']): ModelDefinition<ClusterOperation> | undefined {
  return kinds[kind]?.definition
}

/** Computes the view of an operation. */
export function viewOf(header: Operation, rollout: Rollout): ClusterOperation | undefined {
  const kind = kinds[header.kind]
  if (!kind) return undefined
  const { participle, definition } = kind
  return parseModel(definition, {
    name: header.cluster,
    status: statuses[rollout.status],
    version: header.version,
    [participle]: [...rollout.in('done')],
    in_process: [...rollout.in('working')],
    started_at: header.started_at,
    finished_at: header.finished_at,
    failures: failuresIn(rollout),
    reason: (rollout.status !== 'failed' && header.reason) || summaryOf(rollout, participle),
    operation: header.id,
  })
}

/** Stores the view of an operation. */
export async function saveView(storage: StorageClient, header: Operation, rollout: Rollout): Promise<void> {
  const view = viewOf(header, rollout)
  const definition = viewDefinition(header.kind)
  if (view && definition) await storage.save(definition, view)
}

/** An operation that is pausing or being cancelled is shown as in process until its hosts have ended. */
const statuses: Record<RolloutStatus, ClusterOperation['status']> = {
  in_process: 'in_process',
  pausing: 'in_process',
  paused: 'paused',
  cancelling: 'in_process',
  finished: 'finished',
  failed: 'failed',
  cancelled: 'cancelled',
}

function failuresIn(rollout: Rollout): Record<string, string> {
  const failed = [...rollout.in('failed')].map((address) => [address, rollout.progress(address).reason])
  const absent = [...rollout.in('skipped')]
    .filter((address) => rollout.progress(address).code === 'absent')
    .map((address) => [address, `left out: ${rollout.progress(address).reason}`])
  return Object.fromEntries([...failed, ...absent])
}

function summaryOf(rollout: Rollout, participle: string): string {
  const { length } = rollout.plan.members
  if (rollout.status === 'finished') return length === 0 ? 'The cluster has no hosts.' : ''
  if (rollout.status !== 'failed') return ''
  const count = length - rollout.in('done').size
  return `${count} of ${length} hosts were not ${participle}; "failures" says why.`
}
