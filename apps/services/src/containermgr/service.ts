/**
 * The container manager service: tells container platforms of hosts, by `container.*`.
 *
 * Which platforms there are is in storage. All are opened at the start, and opened again or closed as soon as storage
 * announces a change. Announcements are shared by the processes of this service like all its work, and may be lost; so
 * what is stored is looked up at every call, too, and several processes never disagree.
 */
import { isDeepStrictEqual } from 'node:util'

import { BusError, type Message } from '@commissaire/bus'
import {
  type ContainerManager,
  containerManagerError,
  createContainerManager,
} from '@commissaire/containermgr'
import { Clusters, ContainerManagerConfig, ContainerManagerConfigs, keyOf } from '@commissaire/models'
import { CommissaireService, type MethodDeclarations, type ServiceOptions } from '@commissaire/service'
import { StorageClient } from '@commissaire/storage'

import { version } from '../shared/version.ts'

interface Opened {
  readonly config: ContainerManagerConfig
  readonly manager: Promise<ContainerManager>
}

const node = ['container_manager_name', 'address']

/** A consistent way to work with container managers. */
export class ContainerManagerService extends CommissaireService {
  static override readonly doc = 'Tells container managers of hosts.'
  static override readonly version = version
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
  #reading: Promise<void> | undefined

  constructor(options: ServiceOptions = {}) {
    super({ queues: queueNamed('containermgr', ['container.*', CHANGES]), ...options })
  }

  /** Takes requests, and opens what is stored meanwhile: a storage service that is not there yet holds nobody up. */
  override async start(): Promise<void> {
    await super.start()
    this.#reading = this.#readAll()
  }

  /** Closes the connections after the last message is answered. */
  override async close(): Promise<void> {
    await super.close()
    await this.#reading
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
      data: { container_manager_name, address, reason: 'not_registered' },
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

  /** An announcement of storage. It does not show secrets, so what changed is read again. */
  protected override async received(message: Message): Promise<void> {
    const name = nameIn(message)
    if (name === undefined) super.received(message)
    else await this.#follow(name)
  }

  async #readAll(): Promise<void> {
    try {
      const configs = await this.#storage.list(ContainerManagerConfigs)
      await Promise.all(configs.map(({ name }) => this.#follow(name)))
    } catch (err) {
      if (this.state === 'running')
        this.log.warn(
          { err },
          'Container managers could not be read yet; each is opened when it is first asked for',
        )
    }
  }

  /** Has the manager of that name as it is stored. What is wrong with it is told now, not only to the first caller. */
  async #follow(container_manager_name: string): Promise<void> {
    const wasOpen = this.#opened.has(container_manager_name)
    try {
      await this.#manager(container_manager_name)
      this.log.info({ container_manager_name }, `Container manager ${container_manager_name} is open`)
    } catch (err) {
      if (isUnknown(err)) {
        if (wasOpen)
          this.log.info({ container_manager_name }, `Container manager ${container_manager_name} is closed`)
      } else
        this.log.warn(
          { container_manager_name, err },
          `Container manager ${container_manager_name} is not open`,
        )
    }
  }

  /** The kept manager of that name, or a new one where what is stored of it is new. */
  async #manager(name: string): Promise<ContainerManager> {
    const config = await this.#storage.find(ContainerManagerConfig, name)
    const opened = this.#opened.get(name)
    if (opened && isDeepStrictEqual(config, opened.config)) return opened.manager
    await this.#forget(name)
    if (!config) throw unknown(name)
    const opening = { config, manager: createContainerManager(config, { log: this.log }) }
    this.#opened.set(name, opening)
    // What could not be opened is tried again by the next who asks.
    opening.manager.catch(() => this.#opened.get(name) === opening && this.#opened.delete(name))
    return opening.manager
  }

  async #forget(name: string): Promise<void> {
    const opened = this.#opened.get(name)
    this.#opened.delete(name)
    // One that could not be opened has nothing to close, and said so to whoever asked for it.
    const manager = await opened?.manager.catch(() => undefined)
    await manager?.close()
  }
}

/** What storage announces of container managers. */
const CHANGES = `notify.storage.${ContainerManagerConfig.name}.*`

function queueNamed(name: string, routingKeys: readonly string[]) {
  return routingKeys.map((routingKey) => ({ name, routingKey }))
}

/** Which container manager an announcement is about; undefined for what is no announcement. */
function nameIn({ routingKey, body }: Message): string | undefined {
  if (!routingKey.startsWith(CHANGES.slice(0, -1))) return undefined
  const model: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'model') : undefined
  return typeof model === 'object' && model !== null ? keyOf(ContainerManagerConfig, model) : undefined
}

function unknown(name: string): Error {
  const remedy = 'create it, or correct the name in the cluster'
  return containerManagerError(`There is no container manager "${name}"; ${remedy}`, {
    data: { container_manager_name: name, reason: 'unknown' },
  })
}

function isUnknown(error: unknown): boolean {
  return error instanceof BusError && Reflect.get(Object(error.data), 'reason') === 'unknown'
}
