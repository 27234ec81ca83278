/**
 * Drains a node: evicts all pods that may be evicted at the same time, and waits for them.
 *
 * An interrupted drain is started again: evicted pods are gone, and `startedAt` continues its time limit.
 */
import type { V1Pod } from '@kubernetes/client-node'

import { calling, type NodeApis, refusalOf } from './apis.ts'
import { readNode } from './cordon.ts'
import { DrainError, type PodTrouble } from './drain-error.ts'
import type { DrainOptions } from './drain-options.ts'
import { controllerOf, type Verdict } from './filters.ts'
import { type Judged, judgePods } from './plan.ts'
import { type ExitMeans, PodExit } from './pod-exit.ts'
import type { Workload } from './workloads.ts'

/** A pod, by its name, with what became of it. */
export interface DrainedPod extends Verdict {
  readonly namespace: string
  readonly name: string
}

/** What a drain did. */
export interface DrainResult {
  readonly node: string
  /** The pods that went. */
  readonly evicted: readonly DrainedPod[]
  /** The pods that stay. */
  readonly skipped: readonly DrainedPod[]
  /** Who makes others in the place of those that went: what to wait for before the next node. */
  readonly workloads: readonly Workload[]
}

/** Empties a cordoned node. Throws a DrainError that says which pods stand in the way. */
export async function drain(apis: NodeApis, node: string, options: DrainOptions = {}): Promise<DrainResult> {
  await requireCordoned(apis, node, options)
  const judged = await judgePods(apis, node, options)
  requireAllowed(node, judged)
  const going = judged.filter(({ word }) => word.verdict === 'evict')
  if (going.length > 0) await leave(apis, node, { pods: going.map(({ pod }) => pod), options })
  return {
    node,
    evicted: going.map(shown),
    skipped: judged.filter(({ word }) => word.verdict === 'skip').map(shown),
    workloads: workloadsOf(going),
  }
}

/** What is evicted from a node that still takes pods comes right back. */
async function requireCordoned(apis: NodeApis, name: string, options: DrainOptions): Promise<void> {
  const node = await readNode(apis, name, options)
  if (node.spec?.unschedulable !== true) throw new DrainError('not_cordoned', name)
}

function requireAllowed(node: string, judged: readonly Judged[]): void {
  const refused = judged.filter(({ word }) => word.verdict === 'refuse')
  if (refused.length > 0) throw new DrainError('refused', node, { pods: refused.map(shown) })
}

async function leave(
  apis: NodeApis,
  node: string,
  { pods, options }: { pods: readonly V1Pod[]; options: DrainOptions },
): Promise<void> {
  const deadline = deadlineOf(options)
  const signals = [options.signal, deadline].filter((signal) => signal !== undefined)
  const signal = AbortSignal.any(signals)
  const evictionVersion = options.disableEviction ? '' : await readEvictionVersion(apis, node, options)
  const exits = pods.map(
    (pod) => new PodExit(pod, { apis, options, signal, evictionVersion } satisfies ExitMeans),
  )
  const outcomes = await (options.disableEviction ? deleteAll(exits) : evictAll(exits))
  options.signal?.throwIfAborted()
  const left = exits.flatMap((exit, index) => troublesOf(exit, outcomes[index]))
  if (left.length > 0) throw new DrainError(deadline?.aborted ? 'timeout' : 'failed', node, { pods: left })
}

function evictAll(exits: readonly PodExit[]): Promise<PromiseSettledResult<void>[]> {
  return Promise.allSettled(exits.map((exit) => exit.evict()))
}

/** One after the other, as kubectl; what then does not go is seen while waiting. */
async function deleteAll(exits: readonly PodExit[]): Promise<PromiseSettledResult<void>[]> {
  const asked: Promise<void>[] = []
  for (const exit of exits) {
    const deleted = exit.delete()
    asked.push(deleted.then(() => exit.untilGone()))
    await deleted.catch(() => undefined)
  }
  return Promise.allSettled(asked)
}

function deadlineOf({ timeout = 0, startedAt = new Date() }: DrainOptions): AbortSignal | undefined {
  if (timeout <= 0) return undefined
  return AbortSignal.timeout(Math.ceil(Math.max(0, startedAt.getTime() + timeout * 1000 - Date.now())))
}

/** Servers from 1.22 on evict by `policy/v1`, older ones by `policy/v1beta1`; they say which. */
async function readEvictionVersion(
  { core }: NodeApis,
  node: string,
  { signal }: DrainOptions,
): Promise<string> {
  const { resources } = await core.getAPIResources(calling(signal))
  const eviction = resources.find(({ name, kind }) => name === 'pods/eviction' && kind === 'Eviction')
  if (!eviction?.group || !eviction.version) {
    const message = 'The server cannot evict; disableEviction deletes pods without asking disruption budgets.'
    throw new DrainError('unsupported', node, { message })
  }
  return `${eviction.group}/${eviction.version}`
}

/** None for a pod that is gone. Where only our own patience ended, what stood in the way last is what there is to say. */
function troublesOf(exit: PodExit, outcome: PromiseSettledResult<void> | undefined): PodTrouble[] {
  if (outcome?.status !== 'rejected') return []
  const said: unknown = outcome.reason
  const isOurs = said instanceof Error && (said.name === 'AbortError' || said.name === 'TimeoutError')
  return [isOurs ? exit.trouble : { ...exit.trouble, message: refusalOf(said).message }]
}

function shown({ pod, word }: Judged): DrainedPod {
  return { namespace: pod.metadata?.namespace ?? '', name: pod.metadata?.name ?? '', ...word }
}

function workloadsOf(going: readonly Judged[]): Workload[] {
  const found = new Map<string, Workload>()
  for (const { pod, word } of going) {
    const owner = controllerOf(pod)
    if (!owner || word.reason === 'finished' || word.reason === 'orphaned') continue
    const workload = { kind: owner.kind, namespace: pod.metadata?.namespace ?? '', name: owner.name }
    found.set(JSON.stringify(workload), workload)
  }
  return [...found.values()]
}
