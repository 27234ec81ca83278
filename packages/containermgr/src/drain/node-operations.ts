/**
 * The operations on the nodes of one cluster, over one connection.
 */
import type { ContainerManagerConfig } from '@commissaire/models'

import { KubernetesConnection } from '../kubernetes-connection.ts'
import { apisOf, type ClusterAccess, type NodeApis, openApis } from './apis.ts'
import { cordon, type CordonOptions, type CordonResult, uncordon } from './cordon.ts'
import type { DrainOptions, SelectOptions } from './drain-options.ts'
import { drain, type DrainResult } from './drain.ts'
import { type GateOptions, type GateResult, nodeGate, type NodeState, nodeState } from './node-state.ts'
import { type DrainPlan, drainPlan } from './plan.ts'
import { type Availability, type Workload, workloadsAvailable } from './workloads.ts'

/** Cordons, drains and asks the nodes of a cluster. Close it afterwards. */
export class NodeOperations implements AsyncDisposable {
  readonly #apis: NodeApis
  readonly #close: () => Promise<void>

  private constructor({ apis, close }: { apis: NodeApis; close: () => Promise<void> }) {
    this.#apis = apis
    this.#close = close
  }

  /** With a KubeConfig, or the client's APIs, of the official client. */
  static of(access: ClusterAccess): NodeOperations {
    return new NodeOperations(openApis(access))
  }

  /** With the credentials of a container manager of type `kubernetes` or `openshift`. */
  static open(config: ContainerManagerConfig): NodeOperations {
    const connection = KubernetesConnection.open(config)
    return new NodeOperations({ apis: apisOf(connection), close: () => connection.close() })
  }

  /** Has a node take no further pods, and writes on it who did that. One that was cordoned already stays as it is. */
  cordon(node: string, options?: CordonOptions): Promise<CordonResult> {
    return cordon(this.#apis, node, options)
  }

  /** Takes our cordon back, and nobody else's. */
  uncordon(node: string, options?: CordonOptions): Promise<CordonResult> {
    return uncordon(this.#apis, node, options)
  }

  /** What a drain would do. Reads only. */
  drainPlan(node: string, options?: SelectOptions): Promise<DrainPlan> {
    return drainPlan(this.#apis, node, options)
  }

  /** Empties a cordoned node. */
  drain(node: string, options?: DrainOptions): Promise<DrainResult> {
    return drain(this.#apis, node, options)
  }

  /** What a node says of itself. */
  nodeState(node: string, options?: { signal?: AbortSignal }): Promise<NodeState> {
    return nodeState(this.#apis, node, options)
  }

  /** Whether a node is Ready, and nothing else. */
  async nodeReady(node: string, options?: { signal?: AbortSignal }): Promise<boolean> {
    return (await this.nodeState(node, options)).ready === 'True'
  }

  /** Whether a node may take work again after an operation, and why not. */
  nodeGate(node: string, options?: GateOptions): Promise<GateResult> {
    return nodeGate(this.#apis, node, options)
  }

  /** Whether what was evicted is up again elsewhere. */
  workloadsAvailable(
    workloads: readonly Workload[],
    options?: { signal?: AbortSignal },
  ): Promise<Availability> {
    return workloadsAvailable(this.#apis, workloads, options)
  }

  /** Lets go of the connection, where it is ours. */
  close(): Promise<void> {
    return this.#close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
