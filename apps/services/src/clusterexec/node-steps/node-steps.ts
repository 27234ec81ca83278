/** The steps about the node of a host: cordon, drain, uncordon, and waiting for the evicted workloads. */
import { setTimeout as pause } from 'node:timers/promises'

import type { DrainEvent, DrainOptions, Workload } from '@commissaire/containermgr/drain'
import type { DrainPolicy } from '@commissaire/models'

import { retryOutages, withApiErrors } from './api-outage.ts'
import type { HostNode } from './cluster-nodes.ts'
import { noteOf, notNeeded, type StepContext, type Step } from '../host-steps/step-context.ts'
import { StepError } from '../host-steps/step-error.ts'

const withoutNode = notNeeded('the host has no node')

/** Cordons the node and records on it that this operation did so. */
export const cordon: Step = withApiErrors(async (context) => {
  const { nodes, host, operation, signal } = context
  const node = await nodes.nodeOf(host.address)
  if (!node) return withoutNode
  const request = () => node.of.cordon(node.name, { by: operation.id, signal })
  const { changed, by } = await retryOutages(context, request)
  return { changed, by: by ?? 'somebody else' }
})

/** Evicts the node's pods. The time counts from the beginning of the drain, also across workers. */
export const drain: Step = withApiErrors(async (context) => {
  const { nodes, host, operation, signal } = context
  const node = await nodes.nodeOf(host.address)
  if (!node) return withoutNode
  const { begun_at, workloads: expected } = await beginDrain(context, node)
  const onProgress = (event: DrainEvent) => context.report(describeEvent(event))
  const timeout = drainTimeout(context, begun_at)
  const startedAt = new Date(begun_at)
  const options = { ...drainOptions(operation.policy.drain), timeout, startedAt, onProgress, signal }
  const { evicted, skipped, workloads } = await node.of.drain(node.name, options)
  return { evicted: evicted.length, skipped: skipped.length, workloads: unique(expected, workloads) }
})

/** Seconds from the beginning of the drain. It ends a little before the time of the host, so that it can report what blocked it. */
function drainTimeout({ operation, remainingTime }: StepContext, begunAt: number): number {
  const { timeout } = operation.policy.drain
  const most = Math.max(0.001, (Date.now() + remainingTime() * 0.95 - begunAt) / 1000)
  if (timeout > 0) return Math.min(timeout, most)
  return most === Infinity ? 0 : most
}

/** Notes when the drain began and which workloads had pods on the node, for a worker that continues it. */
async function beginDrain(context: StepContext, { name, of }: HostNode): Promise<DrainStart> {
  const noted = noteOf(context.progress, 'drain')
  if (typeof noted?.['begun_at'] === 'number')
    return { begun_at: noted['begun_at'], workloads: workloadsIn(noted) }
  const { pods } = await of.drainPlan(name, {
    ...drainOptions(context.operation.policy.drain),
    signal: context.signal,
  })
  const going = pods.filter(({ verdict, reason }) => verdict === 'evict' && reason !== 'finished')
  const workloads = going.flatMap(({ namespace, owner, reason }) =>
    owner && reason !== 'orphaned' ? [{ kind: owner.kind, namespace, name: owner.name }] : [],
  )
  const begun = { begun_at: Date.now(), workloads: unique(workloads, []) }
  await context.note(begun)
  return begun
}

interface DrainStart {
  readonly begun_at: number
  readonly workloads: readonly Workload[]
}

/** Uncordons the node, if this operation cordoned it. */
export const uncordon: Step = withApiErrors(async (context) => {
  const { nodes, host, operation, signal } = context
  const node = await nodes.nodeOf(host.address)
  if (!node) return withoutNode
  try {
    const request = () => node.of.uncordon(node.name, { by: operation.id, signal })
    const { changed, by } = await retryOutages(context, request)
    return { changed, ...(by !== undefined && { by }) }
  } catch (error) {
    if (
      error instanceof Error &&
      error.name === 'DrainError' &&
      'code' in error &&
      error.code === 'node_unknown'
    )
      return notNeeded('the node does not exist any more')
    throw error
  }
})

/** Waits until the evicted workloads are available elsewhere, before the next host begins. */
export const workloads: Step = withApiErrors(async (context) => {
  const node = await context.nodes.nodeOf(context.host.address)
  const evicted = evictedWorkloads(context)
  if (!node || evicted.length === 0) return notNeeded('nothing was evicted')
  const { within } = context.operation.policy.health
  const deadline = performance.now() + within * 1000
  for (;;) {
    const request = () => node.of.workloadsAvailable(evicted, { signal: context.signal })
    const { available, waiting } = await retryOutages(context, request)
    if (available) return { workloads: evicted.length }
    const names = waiting.map(({ kind, namespace, name, ready, wanted }) => {
      return `${kind} ${namespace}/${name} (${ready} of ${wanted})`
    })
    if (performance.now() > deadline)
      throw new StepError(
        'workloads_unavailable',
        `workloads are not available after ${within} s: ${names.join(', ')}`,
      )
    context.report(`waits for ${names.join(', ')}`)
    await pause(1000, undefined, { signal: context.signal })
  }
})

function evictedWorkloads({ progress }: StepContext): readonly Workload[] {
  return workloadsIn(noteOf(progress, 'drain'))
}

function workloadsIn(note: Record<string, unknown> | undefined): readonly Workload[] {
  const kept = note?.['workloads']
  // The journal holds the JSON that the step wrote.
  return Array.isArray(kept) ? (kept as Workload[]) : []
}

function unique(some: readonly Workload[], others: readonly Workload[]): Workload[] {
  const all = [...some, ...others].map((one) => [`${one.kind} ${one.namespace}/${one.name}`, one] as const)
  return [...new Map(all).values()]
}

/** Translates the policy of the operation to the options of a drain. */
export function drainOptions(policy: DrainPolicy): DrainOptions {
  return {
    force: policy.force,
    ignoreDaemonSets: policy.ignore_daemonsets,
    deleteEmptyDirData: policy.delete_emptydir_data,
    disableEviction: policy.disable_eviction,
    gracePeriod: policy.grace_period,
    timeout: policy.timeout,
    skipWaitForDeleteTimeout: policy.skip_wait_for_delete_timeout,
    ...(policy.pod_selector && { podSelector: policy.pod_selector }),
  }
}

function describeEvent({ type, namespace, name, budget, message }: DrainEvent): string {
  const why = budget ? ` by budget ${budget}` : message ? `: ${message}` : ''
  return `pod ${namespace}/${name}: ${type}${type === 'blocked' ? why : ''}`
}
