/**
 * The nodes that a cluster's hosts are, where its container manager knows nodes; hosts elsewhere have none, and the steps
 * about nodes are not needed for them.
 */
import { nodeName } from '@commissaire/containermgr'
import type { NodeOperations } from '@commissaire/containermgr/drain'
import { Cluster, ContainerManagerConfig } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

import { loadDrain } from './kubernetes-client.ts'

/** The node that a host is. */
export interface HostNode {
  readonly name: string
  readonly of: NodeOperations
}

/** Opens one connection for a cluster, when it is first needed. */
export class ClusterNodes implements AsyncDisposable {
  readonly #storage: StorageClient
  readonly #cluster: string
  #opening: Promise<NodeOperations | undefined> | undefined

  constructor(storage: StorageClient, cluster: string) {
    this.#storage = storage
    this.#cluster = cluster
  }

  /** The node that the host of that address is; undefined where its cluster has no nodes. */
  async nodeOf(address: string): Promise<HostNode | undefined> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      // Credentials may be put right meanwhile.
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
