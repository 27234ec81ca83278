/**
 * Answers requests to evict a pod as an API server does: disruption budgets count, except for pods that do not run.
 */
import { type Answer, notFound, refuse, success } from './answer.ts'
import type { ApiObject } from './api-object.ts'
import type { ClusterDouble } from './cluster-double.ts'
import { matchesLabels } from './selector.ts'

/** Evicts the pod of that key, or says why not. */
export function evict(cluster: ClusterDouble, key: string, { dryRun }: { dryRun: boolean }): Answer {
  const pod = cluster.get('pods', key)
  if (!pod) return notFound('pods', key.split('/')[1] ?? key)
  const budgets = cluster
    .list('poddisruptionbudgets')
    .filter(({ metadata, spec }) => metadata.namespace === pod.metadata.namespace && selectsPod(spec, pod))
  const [budget, another] = isDone(pod) ? [] : budgets
  if (another) {
    const message =
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'
    return refuse(500, 'InternalError', { message })
  }
  if (budget && !mayGoUnhealthy(pod, budget) && !takeOne(cluster, budget, { dryRun })) return tooMany(budget)
  if (!dryRun) cluster.terminate(key)
  return success
}

function selectsPod(spec: ApiObject['spec'], pod: ApiObject): boolean {
  return matchesLabels(spec['selector'], pod.metadata.labels)
}

function isDone({ metadata, status }: ApiObject): boolean {
  return (
    metadata.deletionTimestamp !== undefined ||
    ['Succeeded', 'Failed', 'Pending'].includes(String(status['phase']))
  )
}

function mayGoUnhealthy(pod: ApiObject, { spec, status }: ApiObject): boolean {
  const conditions: unknown = pod.status['conditions']
  const isReady = JSON.stringify(conditions).includes('{"type":"Ready","status":"True"}')
  if (isReady) return false
  const isHealthy = Number(status['currentHealthy']) >= Number(status['desiredHealthy'])
  return (
    spec['unhealthyPodEvictionPolicy'] === 'AlwaysAllow' ||
    (isHealthy && Number(status['desiredHealthy']) > 0)
  )
}

/** Takes one disruption off the budget, if there is one. */
function takeOne(cluster: ClusterDouble, budget: ApiObject, { dryRun }: { dryRun: boolean }): boolean {
  const allowed = Number(budget.status['disruptionsAllowed'])
  if (allowed <= 0) return false
  if (!dryRun) {
    const status = { ...budget.status, disruptionsAllowed: allowed - 1 }
    cluster.put('poddisruptionbudgets', { ...budget, status })
  }
  return true
}

function tooMany({ metadata, status }: ApiObject): Answer {
  const needs = `needs ${String(status['desiredHealthy'])} healthy pods and has ${String(status['currentHealthy'])} currently`
  return refuse(429, 'TooManyRequests', {
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${metadata.name} ${needs}` }],
  })
}
