/**
 * Predicts the answers of disruption budgets to evictions. The rules are those of the API server.
 */
import type { V1Pod, V1PodDisruptionBudget } from '@kubernetes/client-node'

import { calling, hasStatus, type NodeApis } from './apis.ts'
import { isFinished } from './filters.ts'
import { selectsLabels } from './label-selector.ts'

/** A disruption budget that has something to say about the pods of a node. */
export interface BudgetForecast {
  readonly namespace: string
  readonly name: string
  /** How many of its pods are to go. */
  readonly pods: number
  /** How many may go now. */
  readonly allowed: number
  /**
   * `free`: all may go at once. `in_turns`: some now, the rest as others come up elsewhere. `blocked`: none may go now.
   * `stuck`: none may go even with all of its pods healthy; waiting does not help.
   */
  readonly outlook: 'free' | 'in_turns' | 'blocked' | 'stuck'
  /** It does not say `unhealthyPodEvictionPolicy: AlwaysAllow`, so that crash-looping pods can block a drain for ever. */
  readonly holdsUnhealthy: boolean
}

/** Reads the budgets of the namespaces that pods are in. A server without `policy/v1` has none that we could read. */
export async function readBudgets(
  { policy }: NodeApis,
  pods: readonly V1Pod[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<V1PodDisruptionBudget[]> {
  const namespaces = new Set(pods.map(({ metadata }) => metadata?.namespace ?? ''))
  const lists = await Promise.all(
    [...namespaces].map(async (namespace) => {
      try {
        return (await policy.listNamespacedPodDisruptionBudget({ namespace }, calling(signal))).items
      } catch (error) {
        if (hasStatus(error, 404)) return []
        throw error
      }
    }),
  )
  return lists.flat()
}

/** The budgets that are asked when the pod is to be evicted. */
export function budgetsOf(pod: V1Pod, budgets: readonly V1PodDisruptionBudget[]): V1PodDisruptionBudget[] {
  return budgets.filter(
    ({ metadata, spec }) =>
      metadata?.namespace === pod.metadata?.namespace && selectsLabels(spec?.selector, pod.metadata?.labels),
  )
}

/** What each budget will say when these pods are to go. */
export function forecast(
  pods: readonly V1Pod[],
  budgets: readonly V1PodDisruptionBudget[],
): BudgetForecast[] {
  return budgets.flatMap((budget) => {
    const own = pods.filter((pod) => budgetsOf(pod, [budget]).length > 0)
    if (own.length === 0) return []
    const asking = own.filter((pod) => mustAsk(pod, budget)).length
    const { namespace = '', name = '' } = budget.metadata ?? {}
    const holdsUnhealthy = budget.spec?.unhealthyPodEvictionPolicy !== 'AlwaysAllow'
    const allowed = allowedBy(budget)
    return [
      { namespace, name, pods: own.length, allowed, outlook: outlookOf(budget, asking), holdsUnhealthy },
    ]
  })
}

/** Whether this pod would be told "not now" by this budget. */
export function isBlockedBy(pod: V1Pod, budget: V1PodDisruptionBudget): boolean {
  return mustAsk(pod, budget) && allowedBy(budget) === 0
}

function outlookOf(budget: V1PodDisruptionBudget, asking: number): BudgetForecast['outlook'] {
  const { desiredHealthy = 0, expectedPods = 0 } = budget.status ?? {}
  const allowed = allowedBy(budget)
  if (asking <= allowed) return 'free'
  if (allowed > 0) return 'in_turns'
  return expectedPods > 0 && desiredHealthy >= expectedPods ? 'stuck' : 'blocked'
}

/** A budget whose controller has not seen its latest change allows nothing. */
function allowedBy({ metadata, status }: V1PodDisruptionBudget): number {
  const isStale = (status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)
  return isStale ? 0 : (status?.disruptionsAllowed ?? 0)
}

/** Pods that are done, not begun or going anyway cost nothing; nor do unhealthy ones where the budget says so. */
function mustAsk(pod: V1Pod, { spec, status }: V1PodDisruptionBudget): boolean {
  if (isFinished(pod) || pod.status?.phase === 'Pending' || pod.metadata?.deletionTimestamp) return false
  if (isReady(pod)) return true
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return false
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return !(desiredHealthy > 0 && currentHealthy >= desiredHealthy)
}

/** Whether a pod says that it is ready. */
export function isReady({ status }: V1Pod): boolean {
  return status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') ?? false
}
