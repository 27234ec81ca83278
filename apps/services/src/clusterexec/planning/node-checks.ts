/** Checks the node of a host for everything that would obstruct its drain, without changing anything in the cluster. */
import type { DrainPlan, NodeState } from '@commissaire/containermgr/drain'
import type { Operation } from '@commissaire/models'

import { describeFailure } from '../node-steps/api-outage.ts'
import type { ClusterNodes, HostNode } from '../node-steps/cluster-nodes.ts'
import { drainOptions } from '../node-steps/node-steps.ts'
import { planFinding, type PlanFinding, firstFew } from './plan-findings.ts'

/** What the check of a node needs. */
export interface NodeCheckDeps {
  readonly nodes: ClusterNodes
  readonly policy: Operation['policy']
  readonly signal: AbortSignal
}

/** Everything that would obstruct the drain; nothing for a host without a node. */
export async function nodeFindings(address: string, deps: NodeCheckDeps): Promise<PlanFinding[]> {
  try {
    const node = await deps.nodes.nodeOf(address)
    return node ? await findingsOn(node, { ...deps, address }) : []
  } catch (error) {
    deps.signal.throwIfAborted()
    const code = isUnknown(error) ? 'node_unknown' : 'nodes_unreadable'
    return [planFinding(code, describeFailure(error), { address })]
  }
}

async function findingsOn(
  { name, of }: HostNode,
  { policy, signal, address }: NodeCheckDeps & { address: string },
): Promise<PlanFinding[]> {
  const state = await of.nodeState(name, { signal })
  const { reasons } = await of.nodeGate(name, { signal })
  const plan = await of.drainPlan(name, { ...drainOptions(policy.drain), signal })
  return [
    ...refusalFindings(plan, address),
    ...(policy.drain.disable_eviction ? [] : budgetFindings(plan, address)),
    ...cordonFindings(state, address),
    ...reasons.map((reason) => planFinding('node_unwell', `node ${name}: ${reason}`, { address })),
  ]
}

const reasons = {
  daemon_set: 'pod_daemon_set',
  orphaned: 'pod_orphaned',
  empty_dir: 'pod_empty_dir',
  unmanaged: 'pod_unmanaged',
} as const

/** One finding for each reason, with the pods that it applies to. */
function refusalFindings({ pods }: DrainPlan, address: string): PlanFinding[] {
  return Object.entries(reasons).flatMap(([reason, code]) => {
    const refused = pods.filter((pod) => pod.verdict === 'refuse' && pod.reason === reason)
    const names = refused.map(({ namespace, name }) => `${namespace}/${name}`)
    const message = refused[0]?.message
    return message === undefined ? [] : [planFinding(code, `pod ${firstFew(names)}: ${message}`, { address })]
  })
}

function budgetFindings({ pods, budgets }: DrainPlan, address: string): PlanFinding[] {
  const several = pods.filter((pod) => pod.verdict === 'evict' && pod.budgets.length > 1)
  return [
    ...several.map(({ namespace, name, budgets: names }) =>
      planFinding('budgets_several', `pod ${namespace}/${name} has budgets ${names.join(', ')}`, { address }),
    ),
    ...budgets.flatMap((budget) => findingsOfBudget(budget, address)),
  ]
}

function findingsOfBudget(
  { namespace, name, pods, allowed, outlook, holdsUnhealthy }: DrainPlan['budgets'][number],
  address: string,
): PlanFinding[] {
  const budget = `budget ${namespace}/${name}`
  const found: PlanFinding[] = []
  if (outlook === 'stuck')
    found.push(planFinding('budget_stuck', `${budget} never allows an eviction`, { address }))
  if (outlook === 'blocked')
    found.push(
      planFinding('budget_blocked', `${budget} allows the eviction of ${allowed} of ${pods} pods now`, {
        address,
      }),
    )
  if (holdsUnhealthy) {
    const message = `${budget} has no "unhealthyPodEvictionPolicy: AlwaysAllow"`
    found.push(planFinding('budget_holds_unhealthy', message, { address }))
  }
  return found
}

function cordonFindings({ name, unschedulable, cordonedBy }: NodeState, address: string): PlanFinding[] {
  if (!unschedulable) return []
  const who = cordonedBy === undefined ? 'somebody' : cordonedBy
  return [planFinding('node_cordoned', `node ${name} was cordoned by ${who}`, { address })]
}

function isUnknown(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'node_unknown'
}
