/** Creates API objects of nodes, pods and budgets from short descriptions. */
import type { ApiObject } from './api-object.ts'

/** A node: by default Ready, and booted once. */
export interface NodeState {
  readonly bootID?: string
  readonly ready?: boolean | 'Unknown'
  readonly unschedulable?: boolean
  /** Types of pressure that it is under: `DiskPressure`, `MemoryPressure`, … */
  readonly pressure?: readonly string[]
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
}

/** A pod: by default running and ready, in namespace `default`, of a ReplicaSet named as the pod less its last part. */
export interface Pod {
  readonly node: string
  readonly namespace?: string
  readonly labels?: Record<string, string>
  /** As `Kind/name`; null for none. */
  readonly owner?: `${string}/${string}` | null
  /** Its owner is not there any more. */
  readonly orphaned?: boolean
  readonly emptyDir?: boolean
  /** It stands for a file on the node. */
  readonly mirror?: boolean
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  readonly ready?: boolean
  /** When its deletion was asked for. */
  readonly deletedAt?: Date
}

/** A disruption budget: by default it has room for one. */
export interface Budget {
  readonly namespace?: string
  readonly matchLabels: Record<string, string>
  readonly disruptionsAllowed?: number
  readonly currentHealthy?: number
  readonly desiredHealthy?: number
  readonly expectedPods?: number
  readonly unhealthyPodEvictionPolicy?: 'AlwaysAllow' | 'IfHealthyBudget'
}

const pressures = ['MemoryPressure', 'DiskPressure', 'PIDPressure']

/** The API's object for a node. */
export function nodeObject(name: string, state: NodeState): ApiObject {
  const { ready = true, pressure = [], labels = {}, annotations = {}, unschedulable } = state
  const conditions = [
    ...pressures.map((type) => condition(type, pressure.includes(type))),
    ...pressure.filter((type) => !pressures.includes(type)).map((type) => condition(type, true)),
    condition('Ready', ready),
  ]
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels }, annotations },
    spec: { ...(unschedulable && { unschedulable }) },
    status: { conditions, nodeInfo: nodeInfo(state.bootID ?? crypto.randomUUID()) },
  }
}

/** The API's object for a pod. */
export function podObject(name: string, pod: Pod): ApiObject {
  const { node, namespace = 'default', labels = {}, phase = 'Running', ready = phase === 'Running' } = pod
  const volumes = pod.emptyDir ? [{ name: 'scratch', emptyDir: {} }] : []
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels,
      uid: crypto.randomUUID(),
      ...(pod.mirror && { annotations: { 'kubernetes.io/config.mirror': 'a' } }),
      ...(pod.deletedAt && { deletionTimestamp: pod.deletedAt.toISOString() }),
      ...ownersOf(name, pod),
    },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'example/main' }], volumes },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }
}

/** The API's object for a budget. */
export function budgetObject(name: string, budget: Budget): ApiObject {
  const { namespace = 'default', matchLabels, disruptionsAllowed = 1, unhealthyPodEvictionPolicy } = budget
  const { desiredHealthy = 1, currentHealthy = desiredHealthy + disruptionsAllowed } = budget
  const { expectedPods = currentHealthy } = budget
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace },
    spec: {
      minAvailable: desiredHealthy,
      selector: { matchLabels },
      ...(unhealthyPodEvictionPolicy && { unhealthyPodEvictionPolicy }),
    },
    status: { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods },
  }
}

function ownersOf(
  name: string,
  { owner, mirror, node }: Pod,
): Pick<ApiObject['metadata'], 'ownerReferences'> {
  const made = mirror ? `Node/${node}` : `ReplicaSet/${name.replace(/-[^-]*$/, '')}`
  const [kind, holder] = (owner === undefined ? made : (owner ?? '')).split('/')
  if (!kind || !holder) return {}
  const apiVersion = kind === 'Node' || kind === 'ReplicationController' ? 'v1' : 'apps/v1'
  return {
    ownerReferences: [{ apiVersion, kind, name: holder, uid: crypto.randomUUID(), controller: true }],
  }
}

function condition(type: string, holds: boolean | 'Unknown'): object {
  const status = holds === 'Unknown' ? holds : holds ? 'True' : 'False'
  const at = new Date().toISOString().replace(/\.\d+/, '')
  return {
    type,
    status,
    reason: 'Double',
    message: 'as the test says',
    lastHeartbeatTime: at,
    lastTransitionTime: at,
  }
}

function nodeInfo(bootID: string): object {
  return {
    bootID,
    machineID: 'double',
    systemUUID: 'double',
    kernelVersion: '6.1.0',
    osImage: 'Double',
    containerRuntimeVersion: 'double://1',
    kubeletVersion: 'v1.32.0',
    kubeProxyVersion: 'v1.32.0',
    operatingSystem: 'linux',
    architecture: 'amd64',
  }
}
