/**
 * The investigator service: connects to new hosts, gathers their facts and bootstraps them, by `jobs.investigate`.
 */
import { BusError, type Message } from '@commissaire/bus'
import {
  type BootstrapPlan,
  gatherFacts,
  isHostError,
  planBootstrap,
  type RemotePool,
} from '@commissaire/hosts'
import { Host, safeModel } from '@commissaire/models'
import {
  CommissaireService,
  type MethodDeclarations,
  type MethodHandlers,
  type MethodInput,
  type ServiceOptions,
} from '@commissaire/service'
import { isConflict, isMissing, StorageClient } from '@commissaire/storage'
import { failHost } from '@commissaire/storage/host-lifecycle'
import { z } from 'zod'

import { HostAccess } from '../shared/host-access.ts'
import { openHostPool } from '../shared/host-pool.ts'
import { reasonOf } from '../shared/failure-reason.ts'
import { clustersOf, investigate, type InvestigationDeps, RegistrationRefused } from './investigation.ts'
import { preparationFor, type PreparationSettings } from './preparation.ts'
import { version } from '../shared/version.ts'

/** What an investigation would do to a host. */
export interface HostPlan extends BootstrapPlan {
  readonly address: string
  /** The cluster that the host would be prepared for; empty for none. */
  readonly cluster: string
}

/** The options of the investigator besides those of every service. */
export interface InvestigatorOptions extends ServiceOptions {
  /** Connections to share with others of this process; they stay open when the service closes. */
  readonly pool?: RemotePool
  /** Where sshd listens on the hosts; default 22. */
  readonly sshPort?: number
  /** How many handshakes and commands run on hosts at a time; by default the limit adapts to what comes back. */
  readonly sshLimit?: number | undefined
  /** What hosts are prepared for, and where flannel on them finds etcd. */
  readonly preparation?: PreparationSettings
}

/** Plans have a queue of their own, so that they do not wait behind investigations. */
const queues = [
  { name: 'investigator', routingKey: 'jobs.investigate' },
  { name: 'investigator-plan', routingKey: 'jobs.plan' },
]

const input = z.object({ address: z.string(), cluster_data: z.unknown().optional() })

/** The methods of the investigator as `jobs.*`. The order of the arguments is that of the positional calls of peers. */
export const investigatorMethods = {
  investigate: { input, doc: 'Investigates and bootstraps a host; returns its JSON text.' },
  plan: { input, doc: 'Returns what an investigation would do to a host; changes nothing.' },
} satisfies MethodDeclarations

/** Connects to new hosts, gathers their facts and bootstraps them. */
export class InvestigatorService
  extends CommissaireService<InvestigatorOptions>
  implements MethodHandlers<typeof investigatorMethods>
{
  static override readonly doc = 'Connects to new hosts, gathers their facts and prepares them.'
  static override readonly version = version
  static override readonly methods = investigatorMethods

  readonly #storage = new StorageClient(this)
  readonly #pool: RemotePool
  readonly #access: HostAccess
  readonly #stopping = new AbortController()
  readonly #running = new Map<string, Promise<Host>>()

  constructor(options: InvestigatorOptions = {}) {
    super({ queues, ...options })
    const { sshLimit } = options
    this.#pool = options.pool ?? openHostPool({ sshLimit, metrics: this.metrics })
    this.#access = new HostAccess(this.#storage, this.#pool, {
      port: options.sshPort,
      kind: 'investigation',
    })
  }

  /** Waits for running investigations within the drain timeout, then aborts them and closes the connections. */
  override async close(): Promise<void> {
    await super.close()
    this.#stopping.abort()
    if (!this.options.pool) await this.#pool.close()
  }

  /** Exposed as `jobs.investigate`. Joins an investigation of the host that is in progress. */
  async on_investigate(
    message: Message,
    { address, cluster_data }: MethodInput<typeof investigatorMethods.investigate>,
  ): Promise<string> {
    const joined = await this.#running.get(address)?.catch(unlessSuperseded)
    const host = joined ?? (await this.#joinOrBegin(message, address, clusterNameIn(cluster_data)))
    return JSON.stringify(safeModel(Host, host))
  }

  /** Exposed as `jobs.plan`. */
  async on_plan(
    _message: Message,
    { address, cluster_data }: MethodInput<typeof investigatorMethods.plan>,
  ): Promise<HostPlan> {
    const host = await this.#storage.get(Host, address)
    const [cluster] = await clustersOf(address, this.#deps, clusterNameIn(cluster_data))
    const preparation = { ...(await preparationFor(cluster, this.#deps)), signal: this.#stopping.signal }
    try {
      const options = { signal: preparation.signal, kind: 'request' as const, cluster: cluster?.name ?? '' }
      await using remote = await this.#access.connect(host, options)
      const plan = await planBootstrap(remote, await gatherFacts(remote, preparation), preparation)
      return { address, cluster: cluster?.name ?? '', ...plan }
    } catch (error) {
      if (!isHostError(error)) throw error
      const data = { exception: error.name, address, code: error.code }
      throw new BusError('NotAllowed', `No plan for ${address}: ${reasonOf(error)}`, { data, cause: error })
    }
  }

  get #deps(): InvestigationDeps {
    return {
      ...this.options.preparation,
      requester: this,
      storage: this.#storage,
      log: this.log,
      access: this.#access,
      signal: this.#stopping.signal,
    }
  }

  /** Of several callers that waited for an investigation that was superseded, the first starts a new one. */
  #joinOrBegin(message: Message, address: string, cluster: string | undefined): Promise<Host> {
    return this.#running.get(address) ?? this.#begin(message, address, cluster)
  }

  #begin(message: Message, address: string, cluster: string | undefined): Promise<Host> {
    const running = this.#investigate(message, address, cluster).finally(() => this.#running.delete(address))
    this.#running.set(address, running)
    return running
  }

  /** Continues even if the caller stops waiting. */
  async #investigate(message: Message, address: string, cluster: string | undefined): Promise<Host> {
    try {
      const host = await investigate(address, this.#deps, { cluster })
      this.log.info({ address, status: host.status, os: host.os }, `Host ${address} is ${host.status}`)
      return host
    } catch (error) {
      throw await this.#reportFailure(address, error, message)
    }
  }

  /** Stores the failure with the host, unless the host is not at fault, and returns the error for the caller. */
  async #reportFailure(address: string, error: unknown, { id, redelivered }: Message): Promise<unknown> {
    if (this.#stopping.signal.aborted || isNotHostFault(error)) return error
    const host = await failHost(this.#storage, address, reasonOf(error))
    this.log.warn({ address, id, redelivered, err: error }, `Host ${address} failed: ${host.status_reason}`)
    if (!isHostError(error)) return error
    const data = { exception: error.name, address, code: error.code, ...error.details }
    return new BusError('InternalError', host.status_reason, { data, cause: error })
  }
}

/** The host's status is right as it is: another process moved it, the host was deleted, or only its registration failed. */
function isNotHostFault(error: unknown): boolean {
  return error instanceof RegistrationRefused || isConflict(error) || isMissing(error)
}

/** Ignores that the investigation was superseded or its host deleted: another host may have that address now. */
function unlessSuperseded(error: unknown): undefined {
  if (error instanceof RegistrationRefused || !isNotHostFault(error)) throw error
}

function clusterNameIn(cluster: unknown): string | undefined {
  const given =
    typeof cluster === 'object' && cluster !== null && 'name' in cluster ? cluster.name : undefined
  return typeof given === 'string' ? given : undefined
}
