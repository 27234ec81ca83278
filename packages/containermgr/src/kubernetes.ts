/**
 * Kubernetes as a container manager, by its official client. OpenShift speaks the same node API and is served too.
 *
 * Creating a Node object does not make a machine a node: its kubelet does, under the same name. What is created
 * here is the place that the kubelet takes, and what an administrator sees until then.
 */
import { CoreV1Api } from '@kubernetes/client-node'
import type { ContainerManagerConfig } from '@commissaire/models'

import { notRegistered } from './errors.ts'
import { KubernetesConnection } from './kubernetes-connection.ts'
import { faultOf, isStatus } from './kubernetes-errors.ts'
import type { CallOptions, ContainerManager, OpenOptions } from './manager.ts'
import { nodeName } from './node-name.ts'

/** How many nodes are removed at a time. */
const REMOVALS_AT_ONCE = 8

/** Opens a container manager as the configuration says; throws a container manager error when its files cannot be read. */
export async function open(
  config: ContainerManagerConfig,
  { log }: OpenOptions = {},
): Promise<ContainerManager> {
  const connection = KubernetesConnection.open(config)
  if (!connection.verifiesTls) {
    const facts = { container_manager_name: config.name, server: connection.server }
    log?.warn(
      facts,
      `The certificate of container manager "${config.name}" is not verified: anybody may pose as it`,
    )
  }
  return new KubernetesContainers(config.name, connection)
}

class KubernetesContainers implements ContainerManager {
  readonly #name: string
  readonly #connection: KubernetesConnection

  constructor(name: string, connection: KubernetesConnection) {
    this.#name = name
    this.#connection = connection
  }

  async nodeRegistered(address: string, options?: CallOptions): Promise<boolean> {
    return this.#call(`look for node ${address}`, options, async (api) => {
      try {
        await api.readNode({ name: nodeName(address) })
        return true
      } catch (error) {
        if (isStatus(error, 404)) return false
        throw error
      }
    })
  }

  async registerNode(address: string, options?: CallOptions): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName(address) } }
    await this.#call(`register node ${address}`, options, async (api) => {
      await api.createNode({ body, fieldManager: 'commissaire' }).catch(ignoring(409))
    })
  }

  async removeNode(address: string, options?: CallOptions): Promise<void> {
    await this.#call(`remove node ${address}`, options, async (api) => {
      await api.deleteNode({ name: nodeName(address) }).catch(ignoring(404))
    })
  }

  async removeAllNodes(addresses: readonly string[], options?: CallOptions): Promise<void> {
    const waiting = addresses.values()
    const removeNext = async () => {
      for (const address of waiting) await this.removeNode(address, options)
    }
    await Promise.all(Array.from({ length: REMOVALS_AT_ONCE }, removeNext))
  }

  async getNodeStatus(address: string, options?: CallOptions): Promise<Record<string, unknown>> {
    return this.#call(`read the status of node ${address}`, options, async (api) => {
      const node = await api.readNode({ name: nodeName(address) }).catch((error: unknown) => {
        throw isStatus(error, 404) ? notRegistered(address) : error
      })
      return plain(node)
    })
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #call<T>(
    task: string,
    options: CallOptions | undefined,
    work: (api: CoreV1Api) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(this.#connection.api(CoreV1Api, options?.signal))
    } catch (error) {
      const { server, reloadError } = this.#connection
      throw faultOf(error, { task, manager: this.#name, server, reloadError })
    }
  }
}

/** The client's object as JSON, with its dates as texts. */
function plain(node: object): Record<string, unknown> {
  const copy: Record<string, unknown> = JSON.parse(JSON.stringify(node))
  return copy
}

function ignoring(status: number): (error: unknown) => void {
  return (error) => {
    if (!isStatus(error, status)) throw error
  }
}
