/**
 * Whether what was evicted from a node is up again elsewhere: the question before the next node is drained.
 */
import { calling, hasStatus, type NodeApis } from './apis.ts'

/** Something that makes pods. */
export interface Workload {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** How many pods a workload has ready, and how many it wants. */
export interface WorkloadState extends Workload {
  readonly ready: number
  readonly wanted: number
}

/** Whether all are available, and which are not. */
export interface Availability {
  readonly available: boolean
  readonly waiting: readonly WorkloadState[]
}

/**
 * Compares ready with wanted replicas. A ReplicaSet of a Deployment is asked for through the Deployment, which may have
 * gone on to another. A workload that is not there any more, and one that only runs to its end, is not waited for.
 */
export async function workloadsAvailable(
  apis: NodeApis,
  workloads: readonly Workload[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<Availability> {
  const states = await Promise.all(workloads.map((workload) => stateOf(apis, workload, { signal })))
  const waiting = states.filter((state) => state !== undefined).filter(({ ready, wanted }) => ready < wanted)
  return { available: waiting.length === 0, waiting }
}

type Reader = (
  apis: NodeApis,
  place: { name: string; namespace: string },
  signal: AbortSignal | undefined,
) => Promise<WorkloadState | Workload | undefined>

/** By the kind of the workload. A reader may name another workload that is to be asked in its place. */
const readers: Readonly<Record<string, Reader>> = {
  async ReplicaSet({ apps }, place, signal) {
    const { metadata, spec, status } = await apps.readNamespacedReplicaSet(place, calling(signal))
    const owner = metadata?.ownerReferences?.find(
      ({ controller, kind }) => controller && kind === 'Deployment',
    )
    if (owner) return { kind: 'Deployment', namespace: place.namespace, name: owner.name }
    return { kind: 'ReplicaSet', ...place, ...counts(status?.readyReplicas, spec?.replicas) }
  },
  async Deployment({ apps }, place, signal) {
    const { spec, status } = await apps.readNamespacedDeployment(place, calling(signal))
    return { kind: 'Deployment', ...place, ...counts(status?.readyReplicas, spec?.replicas) }
  },
  async StatefulSet({ apps }, place, signal) {
    const { spec, status } = await apps.readNamespacedStatefulSet(place, calling(signal))
    return { kind: 'StatefulSet', ...place, ...counts(status?.readyReplicas, spec?.replicas) }
  },
  async ReplicationController({ core }, place, signal) {
    const { spec, status } = await core.readNamespacedReplicationController(place, calling(signal))
    return { kind: 'ReplicationController', ...place, ...counts(status?.readyReplicas, spec?.replicas) }
  },
}

async function stateOf(
  apis: NodeApis,
  workload: Workload,
  { signal }: { signal: AbortSignal | undefined },
): Promise<WorkloadState | undefined> {
  const { kind, namespace, name } = workload
  try {
    const state = await readers[kind]?.(apis, { namespace, name }, signal)
    return state === undefined || 'ready' in state ? state : await stateOf(apis, state, { signal })
  } catch (error) {
    if (hasStatus(error, 404)) return undefined
    throw error
  }
}

/** Not saying how many replicas are wanted is one. */
function counts(ready = 0, wanted = 1): { ready: number; wanted: number } {
  return { ready, wanted }
}
