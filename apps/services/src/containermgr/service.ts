/**
 * The container manager service: registers hosts with container platforms, by `container.*`.
 *
 * The configurations of the container managers are in storage. All are opened at the start, and reopened or closed when
 * storage announces a change. Each announcement reaches only one process of this service, and may be lost; therefore the
 * stored configuration is also read at every call, so that all processes agree.
 */
import { isDeepStrictEqual } from 'node:util'

import { BusError, type Message } from '@commissaire/bus'
import {
  type ContainerManager,
  containerManagerError,
  createContainerManager,
} from '@commissaire/containermgr'
import { Clusters, ContainerManagerConfig, ContainerManagerConfigs, keyOf } from '@commissaire/models'
import {
  CommissaireService,
  type MethodDeclarations,
  type MethodHandlers,
  type MethodInput,
  type ServiceOptions,
} from '@commissaire/service'
import { StorageClient } from '@commissaire/storage'
import { z } from 'zod'

import { version } from '../shared/version.ts'

interface Opened {
  readonly config: ContainerManagerConfig
  readonly manager: Promise<ContainerManager>
}

const manager = { container_manager_name: z.string() }
const node = z.object({ ...manager, address: z.string() })

/** The methods of the service as `container.*`. The order of the arguments is that of the positional calls of peers. */
export const containerManagerMethods = {
  node_registered: {
    input: node,
    doc: 'Returns true if the container manager has the host; throws otherwise.',
  },
  register_node: { input: node, doc: 'Registers the host with the container manager.' },
  remove_node: { input: node, doc: 'Removes the host from the container manager.' },
  remove_all_nodes: {
    input: z.object(manager),
    doc: 'Removes the hosts of all its clusters from the container manager.',
  },
  get_node_status: { input: node, doc: 'Returns the status that the container manager has of the host.' },
} satisfies MethodDeclarations

/** The arguments of methods about one node. */
type NodeInput = MethodInput<typeof containerManagerMethods.register_node>

/** Registers hosts with container managers of all types. */
export class ContainerManagerService
  extends CommissaireService
  implements MethodHandlers<typeof containerManagerMethods>
{
  static override readonly doc = 'Registers hosts with container managers.'
  static override readonly version = version
  static override readonly methods = containerManagerMethods

  readonly #storage = new StorageClient(this)
  readonly #opened = new Map<string, Opened>()
  #reading: Promise<void> | undefined

  constructor(options: ServiceOptions = {}) {
    super({ queues: queueNamed('containermgr', ['container.*', CHANGES]), ...options })
  }

  /** Consumes requests. Stored container managers are opened in the background, as the storage service may start later. */
  override async start(): Promise<void> {
    await super.start()
    this.#reading = this.#readAll()
  }

  /** Closes the connections after the last message is answered. */
  override async close(): Promise<void> {
    await super.close()
    await this.#reading
    for (const name of this.#opened.keys()) await this.#close(name)
  }

  /** Exposed as `container.node_registered`. Throws if the host is not registered, as peers expect. */
  async on_node_registered(
    { signal }: Message,
    { container_manager_name, address }: NodeInput,
  ): Promise<true> {
    const manager = await this.#manager(container_manager_name)
    if (await manager.nodeRegistered(address, { signal })) return true
    throw containerManagerError(`Node ${address} is not registered`, {
      data: { container_manager_name, address, reason: 'not_registered' },
    })
  }

  /** Exposed as `container.register_node`. */
  async on_register_node({ signal }: Message, { container_manager_name, address }: NodeInput): Promise<void> {
    const manager = await this.#manager(container_manager_name)
    await manager.registerNode(address, { signal })
    this.log.info({ container_manager_name, address }, `Registered ${address} with ${container_manager_name}`)
  }

  /** Exposed as `container.remove_node`. */
  async on_remove_node({ signal }: Message, { container_manager_name, address }: NodeInput): Promise<void> {
    const manager = await this.#manager(container_manager_name)
    await manager.removeNode(address, { signal })
    this.log.info({ container_manager_name, address }, `Removed ${address} from ${container_manager_name}`)
  }

  /** Exposed as `container.remove_all_nodes`. Nodes that are not hosts of a cluster stay. */
  async on_remove_all_nodes(
    { signal }: Message,
    { container_manager_name }: MethodInput<typeof containerManagerMethods.remove_all_nodes>,
  ): Promise<void> {
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
    { container_manager_name, address }: NodeInput,
  ): Promise<object> {
    const manager = await this.#manager(container_manager_name)
    return manager.getNodeStatus(address, { signal })
  }

  /** Takes an announcement of storage. It does not contain secrets, so the configuration is read again. */
  protected override async received(message: Message): Promise<void> {
    const name = nameIn(message)
    if (name === undefined) super.received(message)
    else await this.#refresh(name)
  }

  async #readAll(): Promise<void> {
    try {
      const configs = await this.#storage.list(ContainerManagerConfigs)
      await Promise.all(configs.map(({ name }) => this.#refresh(name)))
    } catch (err) {
      if (this.state === 'running')
        this.log.warn(
          { err },
          'Container managers could not be read yet; each is opened when it is first used',
        )
    }
  }

  /** Opens, reopens or closes the manager of that name as it is stored. Errors are logged now, and not only sent to the first caller. */
  async #refresh(container_manager_name: string): Promise<void> {
    const wasOpen = this.#opened.has(container_manager_name)
    try {
      await this.#manager(container_manager_name)
      this.log.info({ container_manager_name }, `Container manager ${container_manager_name} was opened`)
    } catch (err) {
      if (isUnknown(err)) {
        if (wasOpen)
          this.log.info({ container_manager_name }, `Container manager ${container_manager_name} was closed`)
      } else
        this.log.warn(
          { container_manager_name, err },
          `Container manager ${container_manager_name} could not be opened`,
        )
    }
  }

  /** The open manager of that name, reopened if its stored configuration has changed. */
  async #manager(name: string): Promise<ContainerManager> {
    const config = await this.#storage.find(ContainerManagerConfig, name)
    const opened = this.#opened.get(name)
    if (opened && isDeepStrictEqual(config, opened.config)) return opened.manager
    await this.#close(name)
    if (!config) throw unknown(name)
    const opening = { config, manager: createContainerManager(config, { log: this.log }) }
    this.#opened.set(name, opening)
    // The next call tries again.
    opening.manager.catch(() => this.#opened.get(name) === opening && this.#opened.delete(name))
    return opening.manager
  }

  async #close(name: string): Promise<void> {
    const opened = this.#opened.get(name)
    this.#opened.delete(name)
    // A manager that could not be opened has nothing to close, and its error went to the caller.
    const manager = await opened?.manager.catch(() => undefined)
    await manager?.close()
  }
}

/** The routing key of storage's announcements of container managers. */
const CHANGES = `notify.storage.${ContainerManagerConfig.name}.*`

function queueNamed(name: string, routingKeys: readonly string[]) {
  return routingKeys.map((routingKey) => ({ name, routingKey }))
}

/** The name of the container manager in an announcement; undefined for other messages. */
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
