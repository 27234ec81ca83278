/**
 * Selects the pods of a node that are evicted: kubectl's filters, in kubectl's order. The first that refuses decides.
 */
import type { V1OwnerReference, V1Pod } from '@kubernetes/client-node'

import { calling, hasStatus, type NodeApis, refusalOf } from './apis.ts'
import type { SelectOptions } from './drain-options.ts'

/** Why a pod goes, stays, or stands in the way. */
export type PodReason =
  | 'managed'
  | 'finished'
  | 'terminating'
  | 'daemon_set'
  | 'orphaned'
  | 'mirror'
  | 'empty_dir'
  | 'unmanaged'

/** What is to become of a pod. */
export interface Verdict {
  readonly verdict: 'evict' | 'skip' | 'refuse'
  readonly reason: PodReason
  readonly message: string
}

type Filter = (
  pod: V1Pod,
  means: { apis: NodeApis; options: SelectOptions },
) => Verdict | undefined | Promise<Verdict | undefined>

/** What is to become of a pod: what the last filter that had something to say said. */
export async function judge(pod: V1Pod, means: { apis: NodeApis; options: SelectOptions }): Promise<Verdict> {
  let word: Verdict = isFinished(pod)
    ? { verdict: 'evict', reason: 'finished', message: 'it has finished' }
    : { verdict: 'evict', reason: 'managed', message: 'its controller makes another' }
  for (const filter of filters) {
    word = (await filter(pod, means)) ?? word
    if (word.verdict !== 'evict') return word
  }
  return word
}

/** Whether a pod has been terminating for longer than it is waited for. */
export function isLongTerminating(
  { metadata }: V1Pod,
  { skipWaitForDeleteTimeout = 0 }: SelectOptions,
): boolean {
  const since = metadata?.deletionTimestamp
  if (!since || skipWaitForDeleteTimeout <= 0) return false
  return Math.trunc((Date.now() - since.getTime()) / 1000) > skipWaitForDeleteTimeout
}

/** Who makes another when this pod is gone. */
export function controllerOf({ metadata }: V1Pod): V1OwnerReference | undefined {
  return metadata?.ownerReferences?.find(({ controller }) => controller === true)
}

/** Whether the pod will not run again. */
export function isFinished({ status }: V1Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

const filters: readonly Filter[] = [
  function terminating(pod, { options }) {
    if (!isLongTerminating(pod, options)) return undefined
    return { verdict: 'skip', reason: 'terminating', message: 'it has been terminating for long already' }
  },

  async function daemonSet(pod, { apis, options }) {
    const owner = controllerOf(pod)
    if (owner?.kind !== 'DaemonSet' || isFinished(pod)) return undefined
    const trouble = await daemonSetTrouble(pod, { apis, options, name: owner.name })
    if (trouble) return trouble
    if (options.ignoreDaemonSets)
      return { verdict: 'skip', reason: 'daemon_set', message: `DaemonSet ${owner.name} keeps it here` }
    const message = `DaemonSet ${owner.name} would put it back; ignoreDaemonSets leaves it`
    return { verdict: 'refuse', reason: 'daemon_set', message }
  },

  function mirror({ metadata }) {
    if (metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined) return undefined
    return { verdict: 'skip', reason: 'mirror', message: 'it stands for a file on the node' }
  },

  function emptyDir(pod, { options }) {
    if (isFinished(pod) || !pod.spec?.volumes?.some((volume) => volume.emptyDir)) return undefined
    if (options.deleteEmptyDirData)
      return { verdict: 'evict', reason: 'empty_dir', message: 'what is in its emptyDir is lost' }
    const message = 'what is in its emptyDir would be lost; deleteEmptyDirData allows that'
    return { verdict: 'refuse', reason: 'empty_dir', message }
  },

  function unmanaged(pod, { options }) {
    if (isFinished(pod) || controllerOf(pod)) return undefined
    if (options.force) return { verdict: 'evict', reason: 'unmanaged', message: 'nothing brings it back' }
    const message = 'no controller would bring it back; force allows that'
    return { verdict: 'refuse', reason: 'unmanaged', message }
  },
]

/** A pod whose DaemonSet is not there any more is an orphan, which goes only by force. */
async function daemonSetTrouble(
  { metadata }: V1Pod,
  { apis, options, name }: { apis: NodeApis; options: SelectOptions; name: string },
): Promise<Verdict | undefined> {
  try {
    await apis.apps.readNamespacedDaemonSet(
      { name, namespace: metadata?.namespace ?? '' },
      calling(options.signal),
    )
    return undefined
  } catch (error) {
    options.signal?.throwIfAborted()
    const { message } = refusalOf(error)
    if (hasStatus(error, 404) && options.force) return { verdict: 'evict', reason: 'orphaned', message }
    return { verdict: 'refuse', reason: 'orphaned', message: `its DaemonSet could not be read: ${message}` }
  }
}
