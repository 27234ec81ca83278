/**
 * What a drain would do, told before anything is touched: what becomes of every pod, and what budgets will say.
 */
import type { V1Pod, V1PodDisruptionBudget } from '@kubernetes/client-node'

import { calling, type NodeApis } from './apis.ts'
import { type BudgetForecast, budgetsOf, forecast, isBlockedBy, readBudgets } from './budgets.ts'
import type { SelectOptions } from './drain-options.ts'
import { controllerOf, judge, type Verdict } from './filters.ts'

/** As many pods a page as kubectl asks for. */
const PAGE = 500

/** A pod, and what is to become of it. */
export interface PlannedPod extends Verdict {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** Who makes another. */
  readonly owner?: { readonly kind: string; readonly name: string }
  /** The budgets that are asked. More than one is a fault that the server answers with 500. */
  readonly budgets: readonly string[]
  /** The budget that would say "not now". */
  readonly blockedBy?: string
}

/** What a drain of a node would do. */
export interface DrainPlan {
  readonly node: string
  readonly pods: readonly PlannedPod[]
  readonly budgets: readonly BudgetForecast[]
  /** Whether a drain with these options would begin: no pod is refused. */
  readonly allowed: boolean
  /** Whether it would have to wait for a budget before it is through. */
  readonly blocked: boolean
  /** What a person should know, in sentences. */
  readonly warnings: readonly string[]
}

/** A pod with what is to become of it. */
export interface Judged {
  readonly pod: V1Pod
  readonly word: Verdict
}

/** Every pod of the node, in the order of the server, with what is to become of it. */
export async function judgePods(apis: NodeApis, node: string, options: SelectOptions): Promise<Judged[]> {
  const judged: Judged[] = []
  for (const pod of await podsOn(apis, node, options))
    judged.push({ pod, word: await judge(pod, { apis, options }) })
  return judged
}

/** What a drain would do. Reads only. */
export async function drainPlan(
  apis: NodeApis,
  node: string,
  options: SelectOptions = {},
): Promise<DrainPlan> {
  const judged = await judgePods(apis, node, options)
  const going = judged.filter(({ word }) => word.verdict === 'evict').map(({ pod }) => pod)
  const present = going.length > 0 ? await readBudgets(apis, going, options) : []
  const budgets = forecast(going, present)
  const pods = judged.map((each) => planned(each, present))
  const allowed = pods.every(({ verdict }) => verdict !== 'refuse')
  const blocked = pods.some(
    (pod) => pod.blockedBy !== undefined || (pod.verdict === 'evict' && pod.budgets.length > 1),
  )
  return { node, pods, budgets, allowed, blocked, warnings: warningsOf(pods, budgets) }
}

/** The node's pods, page by page. */
export async function podsOn(
  { core }: NodeApis,
  node: string,
  { podSelector, signal }: SelectOptions,
): Promise<V1Pod[]> {
  const pods: V1Pod[] = []
  let rest: string | undefined
  do {
    const page = await core.listPodForAllNamespaces(
      {
        fieldSelector: `spec.nodeName=${node}`,
        limit: PAGE,
        ...(podSelector && { labelSelector: podSelector }),
        ...(rest && { _continue: rest }),
      },
      calling(signal),
    )
    pods.push(...page.items)
    rest = page.metadata?._continue
  } while (rest)
  return pods
}

function planned({ pod, word }: Judged, present: readonly V1PodDisruptionBudget[]): PlannedPod {
  const { namespace = '', name = '', uid = '' } = pod.metadata ?? {}
  const owner = controllerOf(pod)
  const asked = word.verdict === 'evict' ? budgetsOf(pod, present) : []
  const blocking = asked.find((budget) => isBlockedBy(pod, budget))?.metadata?.name
  return {
    namespace,
    name,
    uid,
    ...word,
    ...(owner && { owner: { kind: owner.kind, name: owner.name } }),
    budgets: asked.map(({ metadata }) => metadata?.name ?? ''),
    ...(blocking !== undefined && { blockedBy: blocking }),
  }
}

function warningsOf(pods: readonly PlannedPod[], budgets: readonly BudgetForecast[]): string[] {
  const several = pods.filter((pod) => pod.verdict === 'evict' && pod.budgets.length > 1)
  return [
    ...several.map(
      ({ namespace, name, budgets: names }) =>
        `Pod ${namespace}/${name} has several budgets (${names.join(', ')}); the server refuses to evict it`,
    ),
    ...budgets
      .filter(({ outlook }) => outlook === 'stuck')
      .map(
        ({ namespace, name }) =>
          `Budget ${namespace}/${name} never has room: it wants as many healthy pods as there are; waiting does not help`,
      ),
    ...budgets
      .filter(({ holdsUnhealthy }) => holdsUnhealthy)
      .map(
        ({ namespace, name }) =>
          `Budget ${namespace}/${name} has no "unhealthyPodEvictionPolicy: AlwaysAllow"; crash-looping pods could block a drain for ever`,
      ),
  ]
}
