/**
 * The health gates of a node before and after an operation: Ready is not enough; the node must have the boot id of the
 * last boot, no pressure, and running DaemonSet pods.
 */
import type { V1Node } from '@kubernetes/client-node'

import type { NodeApis } from './apis.ts'
import { isReady } from './budgets.ts'
import { cordonedBy, readNode } from './cordon.ts'
import { controllerOf, isFinished } from './filters.ts'
import { podsOn } from './plan.ts'

/** One condition of a node, as it says. */
export interface NodeConditionState {
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly since?: Date
}

/** What a node says of itself. */
export interface NodeState {
  readonly name: string
  /** `Unknown` when its kubelet was not heard of for long. */
  readonly ready: 'True' | 'False' | 'Unknown'
  readonly conditions: Readonly<Record<string, NodeConditionState>>
  /** Changes with every boot; the second witness of a reboot. */
  readonly bootID: string
  readonly kernelVersion: string
  readonly kubeletVersion: string
  readonly unschedulable: boolean
  readonly cordonedBy?: string
}

/** Whether a node may take work again, and why not. */
export interface GateResult {
  readonly passed: boolean
  readonly reasons: readonly string[]
}

/** What a gate takes for granted. */
export interface GateOptions {
  /** The boot id that the host itself says; a node that says another has not been heard of since. */
  readonly bootID?: string
  /** Also without the node's DaemonSet pods being ready. */
  readonly ignoreDaemonSets?: boolean
  readonly signal?: AbortSignal
}

/** What a node says of itself; a `node_unknown` error for one that is not there. */
export async function nodeState(
  apis: NodeApis,
  name: string,
  options: { signal?: AbortSignal } = {},
): Promise<NodeState> {
  return stateOf(await readNode(apis, name, options))
}

/** Whether a node passes: Ready, no pressure, the boot id that is expected, its DaemonSet pods ready. */
export async function nodeGate(apis: NodeApis, name: string, options: GateOptions = {}): Promise<GateResult> {
  const state = await nodeState(apis, name, options)
  const reasons = [...troublesOf(state, options)]
  if (!options.ignoreDaemonSets) reasons.push(...(await daemonSetTroubles(apis, name, options)))
  return { passed: reasons.length === 0, reasons }
}

function stateOf(node: V1Node): NodeState {
  const { nodeInfo, conditions = [] } = node.status ?? {}
  const byType = conditions.map(({ type, status, reason = '', message = '', lastTransitionTime: since }) => {
    return [type, { status, reason, message, ...(since && { since }) }] as const
  })
  const ready = conditions.find(({ type }) => type === 'Ready')?.status
  const by = cordonedBy(node)
  return {
    name: node.metadata?.name ?? '',
    ready: ready === 'True' || ready === 'False' ? ready : 'Unknown',
    conditions: Object.fromEntries(byType),
    bootID: nodeInfo?.bootID ?? '',
    kernelVersion: nodeInfo?.kernelVersion ?? '',
    kubeletVersion: nodeInfo?.kubeletVersion ?? '',
    unschedulable: node.spec?.unschedulable === true,
    ...(by !== undefined && { cordonedBy: by }),
  }
}

const pressures = ['DiskPressure', 'MemoryPressure', 'PIDPressure', 'NetworkUnavailable']

function* troublesOf({ ready, conditions, bootID }: NodeState, expected: GateOptions): Generator<string> {
  if (ready !== 'True')
    yield `it is not Ready (${ready}): ${conditions['Ready']?.message ?? 'it never said so'}`
  for (const type of pressures) {
    const condition = conditions[type]
    if (condition?.status === 'True') yield `${type}: ${condition.message}`
  }
  if (expected.bootID !== undefined && bootID !== expected.bootID)
    yield `its kubelet reports boot id ${bootID || '(none)'}, the host ${expected.bootID}`
}

async function daemonSetTroubles(apis: NodeApis, name: string, { signal }: GateOptions): Promise<string[]> {
  const pods = await podsOn(apis, name, signal ? { signal } : {})
  return pods
    .filter((pod) => controllerOf(pod)?.kind === 'DaemonSet' && !isFinished(pod) && !isReady(pod))
    .map(({ metadata }) => `DaemonSet pod ${metadata?.namespace}/${metadata?.name} is not ready`)
}
