/**
 * The clusterexec service: takes operations over the hosts of a cluster, by `jobs.clusterexec.*`.
 *
 * It answers as soon as the operation is stored. The message only begins it; what keeps it going is its journal, which
 * any process of this service takes up again when the one that worked on it is gone.
 */
import { setTimeout as pause } from 'node:timers/promises'

import type { Message } from '@commissaire/bus'
import { type RebootOptions, RemotePool } from '@commissaire/hosts'
import { isOver, Operation, ControlRequest, parseAs, safeModel, ValidationError } from '@commissaire/models'
import { CommissaireService, type MethodDeclarations, type ServiceOptions } from '@commissaire/service'
import { asBusError, StorageClient } from '@commissaire/storage'

import { HostAccess } from '../shared/host-access.ts'
import { storeControlRequest } from './requests/control-requests.ts'
import { clusterexecDefaults } from './defaults.ts'
import { OperationMetrics } from './operation-metrics.ts'
import { OperationWorker } from './driving/operation-worker.ts'
import type { OperationPlan } from './planning/operation-plan.ts'
import { planOperation } from './planning/planning.ts'
import { viewDefinition } from './record/legacy-view.ts'
import { resolveRequest } from './requests/operation-request.ts'
import { Scheduler } from './scheduler.ts'
import { version } from '../shared/version.ts'

/** What the clusterexec service takes besides what every service takes. Times are milliseconds. */
export interface ClusterexecOptions extends ServiceOptions {
  /** Connections to share with others of this process; they stay open when the service closes. */
  readonly pool?: RemotePool
  /** Where sshd listens on the hosts; default 22. */
  readonly sshPort?: number
  /** How long the work on one host may take at most, reboot included; default one day. */
  readonly hostTimeout?: number
  /** How reboots are done and what time their parts have. */
  readonly reboot?: RebootOptions
  /** How long without a sign of life until the worker of an operation is taken for dead; default six seconds. */
  readonly lease?: number
  /**
   * What only one process at a time can be, such as the holder of a data folder. Operations of an earlier process of
   * that name are continued at once, without waiting for their leases.
   */
  owner?: string | undefined
}

const cluster = ['cluster_name']
const wish = ['kind', 'cluster_name', 'version', 'command', 'hosts', 'policy']

/** Takes operations over the hosts of a cluster. */
export class ClusterexecService extends CommissaireService<ClusterexecOptions> {
  static override readonly doc = 'Takes upgrades, restarts, deployments and more over the hosts of a cluster.'
  static override readonly version = version
  static override readonly methods: MethodDeclarations = {
    upgrade: { params: [...cluster, 'policy'], doc: 'Brings every host of a cluster up to date.' },
    restart: { params: [...cluster, 'policy'], doc: 'Restarts every host of a cluster.' },
    deploy: {
      params: [...cluster, 'version', 'policy'],
      doc: 'Brings every host of a cluster to one version.',
    },
    start: { params: [...wish, 'by'], doc: 'Begins an operation of any kind.' },
    plan: {
      params: wish,
      doc: 'How an operation would go, and what will be in its way; touches nothing.',
    },
    ask: {
      params: ['operation', 'what', 'hosts', 'max_unavailable', 'reason', 'by'],
      doc: 'Asks an operation to pause, resume, cancel, retry, skip, release or throttle.',
    },
  }

  readonly #storage = new StorageClient(this)
  readonly #pool: RemotePool
  readonly #access: HostAccess
  readonly #operations: OperationWorker
  readonly #scheduler: Scheduler

  constructor(options: ClusterexecOptions = {}) {
    super({ queues: [{ name: 'clusterexec', routingKey: 'jobs.clusterexec.*' }], ...options })
    this.#pool = options.pool ?? new RemotePool()
    const { sshPort: port, reboot = {}, lease, owner, hostTimeout } = { ...clusterexecDefaults, ...options }
    this.#access = new HostAccess(this.#storage, this.#pool, { port })
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
    const start = async (wished: object) =>
      this.#operations.begin(await resolveRequest(this.#storage, wished))
    this.#scheduler = new Scheduler({ storage: this.#storage, log: this.log, start })
  }

  /** Takes requests, takes up what others left lying, and begins what is due. */
  override async start(): Promise<void> {
    await super.start()
    await this.#operations.adoptOrphans()
    this.#scheduler.start()
  }

  /** Lets each host end its present step, or stops it there when time runs out; it is gone on with later. */
  override async close(): Promise<void> {
    const { drainTimeout: within = 30_000 } = this.options
    await Promise.all([this.drain(), this.#scheduler.close(), this.#operations.stop({ within })])
    await super.close()
    if (!this.options.pool) await this.#pool.close()
  }

  /** Exposed as `jobs.clusterexec.upgrade`. */
  on_upgrade(message: Message, cluster_name: string, policy: object = {}): Promise<object> {
    return this.#operate(message, { kind: 'upgrade', cluster_name, policy })
  }

  /** Exposed as `jobs.clusterexec.restart`. */
  on_restart(message: Message, cluster_name: string, policy: object = {}): Promise<object> {
    return this.#operate(message, { kind: 'restart', cluster_name, policy })
  }

  /** Exposed as `jobs.clusterexec.deploy`. */
  on_deploy(message: Message, cluster_name: string, version: string, policy: object = {}): Promise<object> {
    return this.#operate(message, { kind: 'deploy', cluster_name, version, policy })
  }

  /** Exposed as `jobs.clusterexec.start`. */
  async on_start(
    message: Message,
    kind: string,
    cluster_name: string,
    version = '',
    command = '',
    hosts: string[] = [],
    policy: object = {},
    by = '',
  ): Promise<object> {
    const given = { kind, cluster_name, version, command, hosts, policy, by }
    const operation = await this.#begin(message, given)
    return safeModel(Operation, operation)
  }

  /** Exposed as `jobs.clusterexec.plan`. Answers within the time that its caller waits, with what was found by then. */
  async on_plan(
    message: Message,
    kind: string,
    cluster_name: string,
    version = '',
    command = '',
    hosts: string[] = [],
    policy: object = {},
  ): Promise<OperationPlan> {
    const given = { kind, cluster_name, version, command, hosts, policy }
    const plan = await resolveRequest(this.#storage, stated(given))
    const left = message.deadline ? (message.deadline.getTime() - Date.now()) * 0.8 : LONGEST_PLAN
    const within = Math.max(0, Math.min(left, LONGEST_PLAN))
    return planOperation(plan, {
      storage: this.#storage,
      access: this.#access,
      within,
      signal: message.signal,
    })
  }

  /** Exposed as `jobs.clusterexec.ask`. Answers when that took effect, or at the latest after a few seconds. */
  async on_ask(
    _message: Message,
    operation: string,
    what: string,
    hosts: string[] = [],
    max_unavailable: number | string | null = null,
    reason = '',
    by = '',
  ): Promise<object> {
    const request = readRequest({ what, hosts, max_unavailable, reason, by })
    const asking = () => storeControlRequest(this.#storage, operation, request)
    const last = await this.#storage.find(Operation, operation)
    const isReopened = last !== undefined && isOver(last.status) && request.what === 'retry'
    const asked = isReopened ? await this.#operations.reopen(operation, asking) : await asking()
    return safeModel(Operation, await this.#untilSeen(asked))
  }

  /** Begins what was always there, and answers as ever. */
  async #operate(
    message: Message,
    given: Record<string, unknown> & { kind: 'upgrade' | 'restart' | 'deploy' },
  ) {
    const { cluster: name } = await this.#begin(message, { ...given, by: senderOf(message) })
    const definition = viewDefinition(given.kind)
    return definition ? safeModel(definition, await this.#storage.get(definition, name)) : {}
  }

  /** A message that is delivered again is answered with the operation it began. */
  async #begin(message: Message, given: Record<string, unknown>): Promise<Operation> {
    const begun = message.redelivered ? await this.#operations.begunBy(message.id) : undefined
    if (begun) return begun
    const plan = await resolveRequest(this.#storage, stated(given))
    return this.#operations.begin(plan, { requestId: message.id })
  }

  async #untilSeen({ id, requests }: Operation): Promise<Operation> {
    for (let turn = 0; ; turn++) {
      const operation = await this.#storage.get(Operation, id)
      if (operation.requests_seen >= requests.length || turn === MOST_LOOKS) return operation
      await pause(100)
    }
  }
}

/**
 * Who asked, by a header: what the methods of old take as arguments is settled, and peers of old know no header.
 */
function senderOf({ headers }: Message): string | undefined {
  const by = headers['by']
  if (by === undefined) return undefined
  try {
    return decodeURIComponent(by)
  } catch {
    return by
  }
}

/** Milliseconds that are spent on a plan at most, however long somebody waits. */
const LONGEST_PLAN = 5 * 60_000

/** A worker looks every second, and its death is noticed within ten. */
const MOST_LOOKS = 80

function readRequest(given: Record<string, unknown>): Omit<ControlRequest, 'at'> {
  try {
    return parseAs(ControlRequest.omit({ at: true }), stated(given), { name: 'request' })
  } catch (error) {
    throw error instanceof ValidationError ? asBusError(error) : error
  }
}

/** What was said; peers say `null` of what they do not say. */
function stated(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined && value !== null),
  )
}
