/**
 * The nodes of a cluster's hosts, if its container manager has nodes. Steps about nodes have nothing to do for other hosts.
 */
import { nodeName } from '@commissaire/containermgr'
import type { NodeOperations } from '@commissaire/containermgr/drain'
import { Cluster, ContainerManagerConfig } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

import { loadDrain } from './kubernetes-client.ts'

/** The node of a host. */
export interface HostNode {
  readonly name: string
  readonly of: NodeOperations
}

/** Opens one connection for a cluster when it is first used. */
export class ClusterNodes implements AsyncDisposable {
  readonly #storage: StorageClient
  readonly #cluster: string
  #opening: Promise<NodeOperations | undefined> | undefined

  constructor(storage: StorageClient, cluster: string) {
    this.#storage = storage
    this.#cluster = cluster
  }

  /** The node of the host with that address; undefined if its cluster has no nodes. */
  async nodeOf(address: string): Promise<HostNode | undefined> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      // The next call tries again, as the credentials may have been corrected.
      this.#opening = undefined
      throw error
    })
    const of = await this.#opening
    return of && { name: nodeName(address), of }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nodes = await this.#opening?.catch(() => undefined)
    await nodes?.close()
  }

  async #open(): Promise<NodeOperations | undefined> {
    const cluster = await this.#storage.find(Cluster, this.#cluster)
    if (!cluster?.container_manager) return undefined
    const config = await this.#storage.find(ContainerManagerConfig, cluster.container_manager)
    if (!config || config.type === 'trivial') return undefined
    return (await loadDrain()).NodeOperations.open(config)
  }
}
