/**
 * The clusterexec service: rolls upgrades, restarts and deployments over the hosts of a cluster, by
 * `jobs.clusterexec.*`.
 *
 * It answers as soon as the operation is stored, and works on. The message only begins an operation; what keeps it going
 * is its stored progress, which any process of this service takes up again when the one that worked on it is gone.
 */
import { BusError, type Message } from '@commissaire/bus'
import { type RebootOptions, RemotePool } from '@commissaire/hosts'
import {
  Cluster,
  type ClusterDeploy,
  type ClusterRestart,
  type ClusterUpgrade,
  parseModel,
  safeModel,
  timestamp,
  ValidationError,
} from '@commissaire/models'
import { CommissaireService, type MethodDeclarations, type ServiceOptions } from '@commissaire/service'
import { asBusError, StorageClient } from '@commissaire/storage'

import { HostAccess } from './host-access.ts'
import { deploying, type OperationKind, restarting, upgrading } from './operation-kinds.ts'
import type { Operation } from './operation-on-host.ts'
import { OperationsAtWork } from './operations-at-work.ts'

/** What the clusterexec service takes besides what every service takes. Times are milliseconds. */
export interface ClusterexecOptions extends ServiceOptions {
  /** Connections to share with others of this process; they stay open when the service closes. */
  readonly pool?: RemotePool
  /** Where sshd listens on the hosts; default 22. */
  readonly sshPort?: number
  /** How long the work on one host may take, reboot included; default one hour. */
  readonly hostTimeout?: number
  /** How reboots are done and what time their parts have. */
  readonly reboot?: RebootOptions
  /** How long without a sign of life until the worker of an operation is taken for dead; default one minute. */
  readonly lease?: number
}

interface Wish {
  readonly name: string
  readonly version?: string
}

const cluster = ['cluster_name']

/** Rolls operations over the hosts of a cluster. */
export class ClusterexecService extends CommissaireService<ClusterexecOptions> {
  static override readonly doc = 'Rolls upgrades, restarts and deployments over the hosts of a cluster.'
  static override readonly methods: MethodDeclarations = {
    upgrade: { params: cluster, doc: 'Brings every host of a cluster up to date.' },
    restart: { params: cluster, doc: 'Restarts every host of a cluster.' },
    deploy: { params: [...cluster, 'version'], doc: 'Brings every host of a cluster to one version.' },
  }

  readonly #storage = new StorageClient(this)
  readonly #pool: RemotePool
  readonly #operations: OperationsAtWork

  constructor(options: ClusterexecOptions = {}) {
    super({ queues: [{ name: 'clusterexec', routingKey: 'jobs.clusterexec.*' }], ...options })
    this.#pool = options.pool ?? new RemotePool()
    const { sshPort: port, reboot = {}, hostTimeout = 60 * 60_000, lease = 60_000 } = options
    const access = new HostAccess(this.#storage, this.#pool, { port })
    const { log } = this
    this.#operations = new OperationsAtWork({
      storage: this.#storage,
      access,
      log,
      reboot,
      hostTimeout,
      lease,
    })
  }

  /** Takes requests, and takes up what others left lying. */
  override async start(): Promise<void> {
    await super.start()
    await this.#operations.lookForOrphans()
  }

  /** Ends each operation before its next host, or within its host when time runs out; it is taken up again later. */
  override async close(): Promise<void> {
    const { drainTimeout: within = 30_000 } = this.options
    await Promise.all([this.drain(), this.#operations.stop({ within })])
    await super.close()
    if (!this.options.pool) await this.#pool.close()
  }

  /** Exposed as `jobs.clusterexec.upgrade`. */
  on_upgrade(message: Message, cluster_name: string): Promise<ClusterUpgrade> {
    return this.#operate(upgrading, message, { name: cluster_name })
  }

  /** Exposed as `jobs.clusterexec.restart`. */
  on_restart(message: Message, cluster_name: string): Promise<ClusterRestart> {
    return this.#operate(restarting, message, { name: cluster_name })
  }

  /** Exposed as `jobs.clusterexec.deploy`. */
  on_deploy(message: Message, cluster_name: string, version: string): Promise<ClusterDeploy> {
    return this.#operate(deploying, message, { name: cluster_name, version })
  }

  /** Begins an operation, answers with it, and rolls it. A message that is delivered again goes on with its own. */
  async #operate<T extends Operation>(kind: OperationKind<T>, message: Message, wish: Wish): Promise<T> {
    const initial = readWish(kind, message, wish)
    const begun = message.redelivered ? await this.#begunBy(message, kind, initial.name) : undefined
    if (begun) {
      await message.reply(safeModel(kind.definition, begun))
      await this.#operations.goOn(kind, initial.name)
      return begun
    }
    await this.#requireCluster(initial.name)
    const record = await this.#operations.begin(kind, initial)
    await message.reply(safeModel(kind.definition, record.model))
    await this.#operations.roll(record)
    return record.model
  }

  /** The operation that this message asked for when it was delivered before. */
  async #begunBy<T extends Operation>(
    { id }: Message,
    kind: OperationKind<T>,
    name: string,
  ): Promise<T | undefined> {
    const last = await this.#storage.find(kind.definition, name)
    const isOwn = id === undefined ? last?.status === 'in_process' : last?.request_id === id
    return isOwn ? last : undefined
  }

  async #requireCluster(name: string): Promise<void> {
    if (await this.#storage.find(Cluster, name)) return
    throw new BusError('NotFound', `There is no cluster "${name}"`, { data: { cluster_name: name } })
  }
}

function readWish<T extends Operation>({ definition }: OperationKind<T>, { id }: Message, wish: Wish): T {
  try {
    const beginning = { status: 'in_process', started_at: timestamp(), request_id: id ?? '' }
    return parseModel(definition, { ...wish, ...beginning })
  } catch (error) {
    throw error instanceof ValidationError ? asBusError(error) : error
  }
}
