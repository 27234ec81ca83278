/**
 * The container manager service: tells container platforms of hosts, by `container.*`.
 *
 * Which platforms there are is in storage. A connection is kept for each, and renewed when what is stored of it has
 * changed; that is looked up at every call, so that several processes never disagree.
 */
import { isDeepStrictEqual } from 'node:util'

import type { Message } from '@commissaire/bus'
import {
  type ContainerManager,
  containerManagerError,
  createContainerManager,
} from '@commissaire/containermgr'
import { Clusters, ContainerManagerConfig } from '@commissaire/models'
import { CommissaireService, type MethodDeclarations, type ServiceOptions } from '@commissaire/service'
import { StorageClient } from '@commissaire/storage'

interface Opened {
  readonly config: ContainerManagerConfig
  readonly manager: Promise<ContainerManager>
}

const node = ['container_manager_name', 'address']

/** A consistent way to work with container managers. */
export class ContainerManagerService extends CommissaireService {
  static override readonly doc = 'Tells container managers of hosts.'
  static override readonly methods: MethodDeclarations = {
    node_registered: {
      params: node,
      doc: 'True for a host that the container manager knows; an error for another.',
    },
    register_node: { params: node, doc: 'Makes the container manager know the host.' },
    remove_node: { params: node, doc: 'Makes the container manager forget the host.' },
    remove_all_nodes: {
      params: ['container_manager_name'],
      doc: 'Makes it forget the hosts of all its clusters.',
    },
    get_node_status: { params: node, doc: 'What the container manager says about the host.' },
  }

  readonly #storage = new StorageClient(this)
  readonly #opened = new Map<string, Opened>()

  constructor(options: ServiceOptions = {}) {
    super({ queues: [{ name: 'containermgr', routingKey: 'container.*' }], ...options })
  }

  /** Closes the connections after the last message is answered. */
  override async close(): Promise<void> {
    await super.close()
    for (const name of this.#opened.keys()) await this.#forget(name)
  }

  /** Exposed as `container.node_registered`. That a host is not registered is an error, as peers know it. */
  async on_node_registered(
    { signal }: Message,
    container_manager_name: string,
    address: string,
  ): Promise<true> {
    const manager = await this.#manager(container_manager_name)
    if (await manager.nodeRegistered(address, { signal })) return true
    throw containerManagerError(`Node ${address} is not registered`, {
      data: { container_manager_name, address },
    })
  }

  /** Exposed as `container.register_node`. */
  async on_register_node(
    { signal }: Message,
    container_manager_name: string,
    address: string,
  ): Promise<void> {
    const manager = await this.#manager(container_manager_name)
    await manager.registerNode(address, { signal })
    this.log.info({ container_manager_name, address }, `Registered ${address} with ${container_manager_name}`)
  }

  /** Exposed as `container.remove_node`. */
  async on_remove_node({ signal }: Message, container_manager_name: string, address: string): Promise<void> {
    const manager = await this.#manager(container_manager_name)
    await manager.removeNode(address, { signal })
    this.log.info({ container_manager_name, address }, `Removed ${address} from ${container_manager_name}`)
  }

  /** Exposed as `container.remove_all_nodes`. Nodes that are none of our clusters' hosts stay. */
  async on_remove_all_nodes({ signal }: Message, container_manager_name: string): Promise<void> {
    const manager = await this.#manager(container_manager_name)
    const clusters = await this.#storage.list(Clusters)
    const addresses = clusters
      .filter(({ container_manager }) => container_manager === container_manager_name)
      .flatMap(({ hostset }) => hostset)
    await manager.removeAllNodes(addresses, { signal })
    this.log.info(
      { container_manager_name, addresses },
      `Removed ${addresses.length} nodes from ${container_manager_name}`,
    )
  }

  /** Exposed as `container.get_node_status`. */
  async on_get_node_status(
    { signal }: Message,
    container_manager_name: string,
    address: string,
  ): Promise<object> {
    const manager = await this.#manager(container_manager_name)
    return manager.getNodeStatus(address, { signal })
  }

  /** The kept manager of that name, or a new one where what is stored of it is new. */
  async #manager(name: string): Promise<ContainerManager> {
    const config = await this.#storage.find(ContainerManagerConfig, name)
    const opened = this.#opened.get(name)
    if (opened && isDeepStrictEqual(config, opened.config)) return opened.manager
    await this.#forget(name)
    if (!config) throw unknown(name)
    const manager = createContainerManager(config)
    this.#opened.set(name, { config, manager })
    return manager
  }

  async #forget(name: string): Promise<void> {
    const opened = this.#opened.get(name)
    this.#opened.delete(name)
    // One that could not be opened has nothing to close, and said so to whoever asked for it.
    const manager = await opened?.manager.catch(() => undefined)
    await manager?.close()
  }
}

function unknown(name: string): Error {
  const remedy = 'create it, or correct the name in the cluster'
  return containerManagerError(`There is no container manager "${name}"; ${remedy}`, {
    data: { container_manager_name: name },
  })
}
