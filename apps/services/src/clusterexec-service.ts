/**
 * The clusterexec service: rolls upgrades, restarts and deployments over the hosts of a cluster, by
 * `jobs.clusterexec.*`.
 *
 * It answers as soon as the operation is stored, and works on. The message only begins an operation; what keeps it going
 * is its stored progress, which any process of this service takes up again when the one that worked on it is gone.
 */
import { setTimeout as pause } from 'node:timers/promises'

import { BusError, type Message } from '@commissaire/bus'
import { type RebootOptions, RemotePool } from '@commissaire/hosts'
import { Cluster, Clusters, parseModel, safeModel, timestamp, ValidationError } from '@commissaire/models'
import { CommissaireService, type MethodDeclarations, type ServiceOptions } from '@commissaire/service'
import { asBusError, StorageClient } from '@commissaire/storage'

import { HostAccess } from './host-access.ts'
import { reasonOf } from './host-record.ts'
import { deploying, type OperationKind, restarting, upgrading } from './operation-kinds.ts'
import type { Operation } from './operation-on-host.ts'
import { OperationLost, OperationRecord } from './operation-record.ts'
import { rollOut } from './roll-out.ts'

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
  readonly #access: HostAccess
  readonly #winding = new AbortController()
  readonly #stopping = new AbortController()
  readonly #rolling = new Set<Promise<void>>()
  #looking: NodeJS.Timeout | undefined

  constructor(options: ClusterexecOptions = {}) {
    super({ queues: [{ name: 'clusterexec', routingKey: 'jobs.clusterexec.*' }], ...options })
    this.#pool = options.pool ?? new RemotePool()
    this.#access = new HostAccess(this.#storage, this.#pool, { port: options.sshPort })
  }

  /** Takes requests, and takes up what others left lying. */
  override async start(): Promise<void> {
    await super.start()
    await this.#lookForOrphans()
  }

  /** Ends each operation before its next host, or within its host when time runs out; it is taken up again later. */
  override async close(): Promise<void> {
    clearTimeout(this.#looking)
    this.#winding.abort(new OperationLost('the service is made to stop'))
    const { drainTimeout = 30_000 } = this.options
    const timer = setTimeout(
      () => this.#stopping.abort(new OperationLost('the service is made to stop')),
      drainTimeout,
    )
    await Promise.all([this.drain(), ...this.#rolling])
    clearTimeout(timer)
    await super.close()
    if (!this.options.pool) await this.#pool.close()
  }

  /** Exposed as `jobs.clusterexec.upgrade`. */
  async on_upgrade(message: Message, cluster_name: string): Promise<void> {
    await this.#operate(upgrading, message, { name: cluster_name })
  }

  /** Exposed as `jobs.clusterexec.restart`. */
  async on_restart(message: Message, cluster_name: string): Promise<void> {
    await this.#operate(restarting, message, { name: cluster_name })
  }

  /** Exposed as `jobs.clusterexec.deploy`. */
  async on_deploy(message: Message, cluster_name: string, version: string): Promise<void> {
    await this.#operate(deploying, message, { name: cluster_name, version })
  }

  /** Begins an operation, answers with it, and rolls it. A message that is delivered again goes on with its own. */
  async #operate<T extends Operation>(kind: OperationKind<T>, message: Message, wish: Wish): Promise<void> {
    const initial = readWish(kind, message, wish)
    const begun = message.redelivered ? await this.#begunBy(message, kind, initial.name) : undefined
    if (begun) {
      await message.reply(safeModel(kind.definition, begun))
      return this.#goOn(kind, initial.name)
    }
    await this.#requireCluster(initial.name)
    const record = await OperationRecord.begin(kind, this.#recordMeans, initial)
    await message.reply(safeModel(kind.definition, record.model))
    return this.#roll(record)
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

  /** Waits until the operation has ended or its worker is dead, and then rolls it on. */
  async #goOn<T extends Operation>(kind: OperationKind<T>, name: string): Promise<void> {
    for (;;) {
      const record = await this.#takeUp(kind, name)
      if (record) return this.#roll(record)
      const last = await this.#storage.find(kind.definition, name)
      if (last?.status !== 'in_process' || this.#winding.signal.aborted) return
      await pause(this.#lease / 4, undefined, { signal: this.#winding.signal }).catch(() => undefined)
    }
  }

  /** Takes up operations whose workers are dead, now and then again. */
  async #lookForOrphans(): Promise<void> {
    try {
      for (const { name } of await this.#storage.list(Clusters)) {
        await this.#adopt(deploying, name)
        await this.#adopt(restarting, name)
        await this.#adopt(upgrading, name)
      }
    } catch (err) {
      if (!this.#winding.signal.aborted)
        this.log.warn({ err }, 'Could not look for operations that were left lying')
    }
    if (!this.#winding.signal.aborted)
      this.#looking = setTimeout(() => void this.#lookForOrphans(), this.#lease)
  }

  async #adopt<T extends Operation>(kind: OperationKind<T>, name: string): Promise<void> {
    const record = await this.#takeUp(kind, name)
    if (!record) return
    const rolling = this.#roll(record).finally(() => this.#rolling.delete(rolling))
    this.#rolling.add(rolling)
  }

  async #takeUp<T extends Operation>(
    kind: OperationKind<T>,
    name: string,
  ): Promise<OperationRecord<T> | undefined> {
    const record = await OperationRecord.takeOver(kind, this.#recordMeans, name)
    if (record) this.log.info({ operation: record.id }, `${record.id} was left lying and is taken up again`)
    return record
  }

  async #roll<T extends Operation>(record: OperationRecord<T>): Promise<void> {
    const { hostTimeout = 60 * 60_000, reboot = {} } = this.options
    const signals = { signal: this.#stopping.signal, winding: this.#winding.signal }
    const means = {
      storage: this.#storage,
      access: this.#access,
      log: this.log,
      hostTimeout,
      reboot,
      ...signals,
    }
    try {
      await rollOut(record, means)
    } catch (err) {
      this.log.warn({ err, operation: record.id }, `${record.id} is let go of: ${reasonOf(err)}`)
      await record.release().catch((error: unknown) => {
        this.log.debug(
          { err: error, operation: record.id },
          `${record.id} could not be released; its time will run out`,
        )
      })
    }
  }

  async #requireCluster(name: string): Promise<void> {
    if (await this.#storage.find(Cluster, name)) return
    throw new BusError('NotFound', `There is no cluster "${name}"`, { data: { cluster_name: name } })
  }

  get #recordMeans() {
    return { storage: this.#storage, lease: this.#lease }
  }

  get #lease(): number {
    return this.options.lease ?? 60_000
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
