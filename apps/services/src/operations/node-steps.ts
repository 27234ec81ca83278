/** The steps about the node that a host is: nothing new on it, its pods elsewhere, and back again. */
import { setTimeout as pause } from 'node:timers/promises'

import type { DrainEvent, DrainOptions, Workload } from '@commissaire/containermgr/drain'
import type { DrainPolicy } from '@commissaire/models'

import { noteOf, notNeeded, type Site, type StepWork } from './site.ts'
import { StepError } from './step-error.ts'

const withoutNode = notNeeded('the host is no node')

/** Has the node take no further pods; who had cordoned it is remembered on the node. */
export const cordon: StepWork = async ({ nodes, host, operation, signal }) => {
  const node = await nodes.nodeOf(host.address)
  if (!node) return withoutNode
  const { changed, by } = await node.of.cordon(node.name, { by: operation.id, signal })
  return { changed, by: by ?? 'somebody else' }
}

/** Evicts the node's pods. Its time counts from when the drain first began, whoever goes on with it. */
export const drain: StepWork = async (site) => {
  const { nodes, host, operation, signal } = site
  const node = await nodes.nodeOf(host.address)
  if (!node) return withoutNode
  const begun = noteOf(site.progress, 'drain')?.['begun_at']
  const startedAt = typeof begun === 'number' ? begun : Date.now()
  if (typeof begun !== 'number') await site.note({ begun_at: startedAt })
  const onProgress = (event: DrainEvent) => site.say(sentence(event))
  const options = { ...asKubectl(operation.policy.drain), startedAt: new Date(startedAt), onProgress, signal }
  const { evicted, skipped, workloads } = await node.of.drain(node.name, options)
  return { evicted: evicted.length, skipped: skipped.length, workloads }
}

/** Takes our cordon back, and nobody else's. */
export const uncordon: StepWork = async ({ nodes, host, operation, signal }) => {
  const node = await nodes.nodeOf(host.address)
  if (!node) return withoutNode
  const { changed, by } = await node.of.uncordon(node.name, { by: operation.id, signal })
  return { changed, ...(by !== undefined && { by }) }
}

/** Waits until what was evicted is up again elsewhere, before the next host has its turn. */
export const workloads: StepWork = async (site) => {
  const node = await site.nodes.nodeOf(site.host.address)
  const evicted = evictedBy(site)
  if (!node || evicted.length === 0) return notNeeded('nothing was evicted')
  const { within } = site.operation.policy.health
  const deadline = performance.now() + within * 1000
  for (;;) {
    const { available, waiting } = await node.of.workloadsAvailable(evicted, { signal: site.signal })
    if (available) return { workloads: evicted.length }
    const names = waiting.map(({ kind, namespace, name, ready, wanted }) => {
      return `${kind} ${namespace}/${name} (${ready} of ${wanted})`
    })
    if (performance.now() > deadline)
      throw new StepError('workloads_unavailable', `not up again after ${within} s: ${names.join(', ')}`)
    site.say(`waits for ${names.join(', ')}`)
    await pause(1000, undefined, { signal: site.signal })
  }
}

function evictedBy({ progress }: Site): Workload[] {
  const kept = noteOf(progress, 'drain')?.['workloads']
  // Kept as JSON by a process like this one.
  return Array.isArray(kept) ? (kept as Workload[]) : []
}

/** The policy's words as the drain's options. */
export function asKubectl(policy: DrainPolicy): DrainOptions {
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

function sentence({ type, namespace, name, budget, message }: DrainEvent): string {
  const why = budget ? ` by budget ${budget}` : message ? `: ${message}` : ''
  return `pod ${namespace}/${name}: ${type}${type === 'blocked' ? why : ''}`
}
