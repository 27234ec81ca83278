/**
 * The clusterexec service: runs operations on the hosts of clusters, by `jobs.clusterexec.*`.
 *
 * It answers as soon as the operation is stored. From then on the operation depends on its journal and not on the message:
 * any process of this service continues it when the process that worked on it is gone.
 */
import { setTimeout as pause } from 'node:timers/promises'

import type { Message } from '@commissaire/bus'
import type { RebootOptions, RemotePool } from '@commissaire/hosts'
import { isOver, Operation, type RolloutPolicy, safeModel } from '@commissaire/models'
import {
  CommissaireService,
  type MethodHandlers,
  type MethodInput,
  type ServiceOptions,
} from '@commissaire/service'
import { StorageClient } from '@commissaire/storage'

import { HostAccess } from '../shared/host-access.ts'
import { openHostPool } from '../shared/host-pool.ts'
import { storeControlRequest } from './requests/control-requests.ts'
import { clusterexecDefaults } from './defaults.ts'
import { clusterexecMethods } from './methods.ts'
import { OperationMetrics } from './operation-metrics.ts'
import { OperationWorker } from './driving/operation-worker.ts'
import type { OperationPlan } from './planning/operation-plan.ts'
import { planOperation } from './planning/planning.ts'
import { viewDefinition } from './record/legacy-view.ts'
import { type OperationRequest, resolveRequest } from './requests/operation-request.ts'
import { type ScheduledRequest, Scheduler } from './scheduler.ts'
import { version } from '../shared/version.ts'

/** The options of the clusterexec service besides those of every service. Times are milliseconds. */
export interface ClusterexecOptions extends ServiceOptions {
  /** Connections to share with others of this process; they stay open when the service closes. */
  readonly pool?: RemotePool
  /** Where sshd listens on the hosts; default 22. */
  readonly sshPort?: number
  /** How many handshakes and commands run on hosts at a time; by default the limit adapts to what comes back. */
  readonly sshLimit?: number | undefined
  /** How long the work on one host may take, including its reboot; default one day. */
  readonly hostTimeout?: number
  /** How reboots are done, and how long each part may take. */
  readonly reboot?: RebootOptions
  /** How long a worker that does not renew its lease counts as alive; default six seconds. */
  readonly lease?: number
  /**
   * What only one process at a time can be, such as the holder of a data folder. Operations of an earlier process of
   * that name are continued at once, without waiting for their leases.
   */
  owner?: string | undefined
}

/** A request for an operation of a kind of the original system. */
interface LegacyRequest {
  readonly kind: 'upgrade' | 'restart' | 'deploy'
  readonly cluster_name: string
  readonly policy: RolloutPolicy
  readonly version?: string
}

/** Runs operations on the hosts of clusters. */
export class ClusterexecService
  extends CommissaireService<ClusterexecOptions>
  implements MethodHandlers<typeof clusterexecMethods>
{
  static override readonly doc =
    'Runs upgrades, restarts, deployments and other operations on the hosts of a cluster.'
  static override readonly version = version
  static override readonly methods = clusterexecMethods

  readonly #storage = new StorageClient(this)
  readonly #pool: RemotePool
  readonly #access: HostAccess
  readonly #operations: OperationWorker
  readonly #scheduler: Scheduler

  constructor(options: ClusterexecOptions = {}) {
    super({ queues: [{ name: 'clusterexec', routingKey: 'jobs.clusterexec.*' }], ...options })
    this.#pool = options.pool ?? openHostPool({ sshLimit: options.sshLimit, metrics: this.metrics })
    const { sshPort: port, reboot = {}, lease, owner, hostTimeout } = { ...clusterexecDefaults, ...options }
    this.#access = new HostAccess(this.#storage, this.#pool, { port, kind: 'operation' })
    const deps = {
      storage: this.#storage,
      requester: this,
      access: this.#access,
      log: this.log,
      reboot,
      hostTimeout,
      lease,
      owner,
      metrics: new OperationMetrics(this.metrics),
    }
    this.#operations = new OperationWorker(deps)
    const start = async (request: ScheduledRequest) =>
      this.#operations.begin(await resolveRequest(this.#storage, { ...request, hosts: [] }))
    this.#scheduler = new Scheduler({ storage: this.#storage, log: this.log, start })
  }

  /** Consumes requests, adopts abandoned operations, and starts the scheduler. */
  override async start(): Promise<void> {
    await super.start()
    await this.#operations.adoptOrphans()
    this.#scheduler.start()
  }

  /** Waits within the drain timeout until each host has ended its present step. Other processes continue the operations. */
  override async close(): Promise<void> {
    const { drainTimeout: within = 30_000 } = this.options
    await Promise.all([this.drain(), this.#scheduler.close(), this.#operations.stop({ within })])
    await super.close()
    if (!this.options.pool) await this.#pool.close()
  }

  /** Exposed as `jobs.clusterexec.upgrade`. */
  on_upgrade(message: Message, input: MethodInput<typeof clusterexecMethods.upgrade>): Promise<object> {
    return this.#operate(message, { kind: 'upgrade', ...input })
  }

  /** Exposed as `jobs.clusterexec.restart`. */
  on_restart(message: Message, input: MethodInput<typeof clusterexecMethods.restart>): Promise<object> {
    return this.#operate(message, { kind: 'restart', ...input })
  }

  /** Exposed as `jobs.clusterexec.deploy`. */
  on_deploy(message: Message, input: MethodInput<typeof clusterexecMethods.deploy>): Promise<object> {
    return this.#operate(message, { kind: 'deploy', ...input })
  }

  /** Exposed as `jobs.clusterexec.start`. */
  async on_start(message: Message, request: OperationRequest): Promise<object> {
    return safeModel(Operation, await this.#begin(message, request))
  }

  /** Exposed as `jobs.clusterexec.plan`. Answers in time for its caller, with what was found until then. */
  async on_plan(
    { deadline, signal }: Message,
    request: MethodInput<typeof clusterexecMethods.plan>,
  ): Promise<OperationPlan> {
    const spec = await resolveRequest(this.#storage, { ...request, by: '' })
    const left = deadline ? (deadline.getTime() - Date.now()) * 0.8 : MAX_PLAN_TIME
    const within = Math.max(0, Math.min(left, MAX_PLAN_TIME))
    return planOperation(spec, { storage: this.#storage, access: this.#access, within, signal })
  }

  /** Exposed as `jobs.clusterexec.ask`. Answers when the request took effect, or after a few seconds. */
  async on_ask(
    { signal }: Message,
    { operation, max_unavailable, ...rest }: MethodInput<typeof clusterexecMethods.ask>,
  ): Promise<object> {
    const request = { ...rest, ...(max_unavailable != null && { max_unavailable }) }
    const store = () => storeControlRequest(this.#storage, operation, request)
    const last = await this.#storage.find(Operation, operation)
    const isReopened = last !== undefined && isOver(last.status) && request.what === 'retry'
    const requested = isReopened ? await this.#operations.reopen(operation, store, { signal }) : await store()
    return safeModel(Operation, await this.#untilApplied(requested))
  }

  /** Starts one of the kinds of the original system, and answers with its view of the operation. */
  async #operate(
    message: Message,
    { kind, cluster_name, policy, version: wanted = '' }: LegacyRequest,
  ): Promise<object> {
    const by = senderOf(message) ?? ''
    const request = { kind, cluster_name, version: wanted, command: '', hosts: [], policy, by }
    const { cluster } = await this.#begin(message, request)
    const definition = viewDefinition(kind)
    return definition ? safeModel(definition, await this.#storage.get(definition, cluster)) : {}
  }

  /** Starts an operation. A message that is delivered again is answered with the operation that it started before. */
  async #begin(message: Message, request: OperationRequest): Promise<Operation> {
    const begun = message.redelivered ? await this.#operations.begunBy(message.id) : undefined
    if (begun) return begun
    const spec = await resolveRequest(this.#storage, request)
    return this.#operations.begin(spec, { requestId: message.id, signal: message.signal })
  }

  /** Waits until the worker of the operation has applied all requests. */
  async #untilApplied({ id, requests }: Operation): Promise<Operation> {
    for (let attempt = 0; ; attempt++) {
      const operation = await this.#storage.get(Operation, id)
      if (operation.requests_seen >= requests.length || attempt === MAX_READS) return operation
      await pause(100)
    }
  }
}

/** The user of a request, from a header: the arguments of the original methods are fixed and do not include the user. */
function senderOf({ headers }: Message): string | undefined {
  const by = headers['by']
  if (by === undefined) return undefined
  try {
    return decodeURIComponent(by)
  } catch {
    return by
  }
}

/** Milliseconds that a plan may take, however long its caller waits. */
const MAX_PLAN_TIME = 5 * 60_000

/** A worker reads requests every second, and a dead worker is replaced within ten seconds. */
const MAX_READS = 80
