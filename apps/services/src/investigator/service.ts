/**
 * The investigator: connects to new hosts, learns what they are and prepares them, by `jobs.investigate`.
 */
import { BusError, type Message } from '@commissaire/bus'
import { type BootstrapPlan, gatherFacts, isHostError, planBootstrap, RemotePool } from '@commissaire/hosts'
import { Host, safeModel } from '@commissaire/models'
import { CommissaireService, type MethodDeclarations, type ServiceOptions } from '@commissaire/service'
import { isConflict, isMissing, StorageClient } from '@commissaire/storage'
import { failHost } from '@commissaire/storage/host-lifecycle'

import { HostAccess } from '../shared/host-access.ts'
import { reasonOf } from '../shared/failure-reason.ts'
import { clustersOf, investigate, type InvestigationMeans, RegistrationRefused } from './investigation.ts'
import { preparationFor, type PreparationSettings } from './preparation.ts'
import { version } from '../shared/version.ts'

/** What an investigation would do to a host. */
export interface HostPlan extends BootstrapPlan {
  readonly address: string
  /** The cluster for which it would be prepared; empty for none. */
  readonly cluster: string
}

/** What the investigator takes besides what every service takes. */
export interface InvestigatorOptions extends ServiceOptions {
  /** Connections to share with others of this process; they stay open when the service closes. */
  readonly pool?: RemotePool
  /** Where sshd listens on the hosts; default 22. */
  readonly sshPort?: number
  /** What hosts are prepared for, and where flannel on them finds etcd. */
  readonly preparation?: PreparationSettings
}

/** A plan has a queue of its own, so that it does not wait behind investigations. */
const queues = [
  { name: 'investigator', routingKey: 'jobs.investigate' },
  { name: 'investigator-plan', routingKey: 'jobs.plan' },
]

/** Connects to new hosts and bootstraps them. */
export class InvestigatorService extends CommissaireService<InvestigatorOptions> {
  static override readonly doc = 'Connects to new hosts, learns what they are and prepares them.'
  static override readonly version = version
  static override readonly methods: MethodDeclarations = {
    investigate: {
      params: ['address', 'cluster_data'],
      doc: 'Brings a host from unknown to ready; answers with its JSON text.',
    },
    plan: {
      params: ['address', 'cluster_data'],
      doc: 'What an investigation would do to prepare a host; changes nothing.',
    },
  }

  readonly #storage = new StorageClient(this)
  readonly #pool: RemotePool
  readonly #access: HostAccess
  readonly #stopping = new AbortController()
  readonly #running = new Map<string, Promise<Host>>()

  constructor(options: InvestigatorOptions = {}) {
    super({ queues, ...options })
    this.#pool = options.pool ?? new RemotePool()
    this.#access = new HostAccess(this.#storage, this.#pool, { port: options.sshPort })
  }

  /** Lets investigations in hand end within the time that draining allows, and closes the connections. */
  override async close(): Promise<void> {
    await super.close()
    this.#stopping.abort()
    if (!this.options.pool) await this.#pool.close()
  }

  /** Exposed as `jobs.investigate`. An investigation that is under way is joined, not begun again. */
  async on_investigate(message: Message, address: string, cluster_data: unknown = {}): Promise<string> {
    const joined = await this.#running.get(address)?.catch(unlessOvertaken)
    const host = joined ?? (await this.#latest(message, address, nameIn(cluster_data)))
    return JSON.stringify(safeModel(Host, host))
  }

  /** Exposed as `jobs.plan`. */
  async on_plan(_message: Message, address: string, cluster_data: unknown = {}): Promise<HostPlan> {
    const host = await this.#storage.get(Host, address)
    const [cluster] = await clustersOf(address, this.#means, nameIn(cluster_data))
    const preparation = { ...(await preparationFor(cluster, this.#means)), signal: this.#stopping.signal }
    try {
      await using remote = await this.#access.connect(host, preparation)
      const plan = await planBootstrap(remote, await gatherFacts(remote, preparation), preparation)
      return { address, cluster: cluster?.name ?? '', ...plan }
    } catch (error) {
      if (!isHostError(error)) throw error
      const data = { exception: error.name, address, code: error.code }
      throw new BusError('NotAllowed', `No plan for ${address}: ${reasonOf(error)}`, { data, cause: error })
    }
  }

  get #means(): InvestigationMeans {
    return {
      ...this.options.preparation,
      requester: this,
      storage: this.#storage,
      access: this.#access,
      signal: this.#stopping.signal,
    }
  }

  /** Of several that waited for one which was overtaken, the first begins anew. */
  #latest(message: Message, address: string, cluster: string | undefined): Promise<Host> {
    return this.#running.get(address) ?? this.#begin(message, address, cluster)
  }

  #begin(message: Message, address: string, cluster: string | undefined): Promise<Host> {
    const running = this.#investigate(message, address, cluster).finally(() => this.#running.delete(address))
    this.#running.set(address, running)
    return running
  }

  /** The caller may stop waiting; that the host is looked at does not depend on it. */
  async #investigate(message: Message, address: string, cluster: string | undefined): Promise<Host> {
    try {
      const host = await investigate(address, this.#means, { cluster })
      this.log.info({ address, status: host.status, os: host.os }, `Host ${address} is ${host.status}`)
      return host
    } catch (error) {
      throw await this.#told(address, error, message)
    }
  }

  /** Writes the failure to the host, unless it is none of the host's, and makes of it what the caller hears. */
  async #told(address: string, error: unknown, { id, redelivered }: Message): Promise<unknown> {
    if (this.#stopping.signal.aborted || isNoFailure(error)) return error
    const host = await failHost(this.#storage, address, reasonOf(error))
    this.log.warn({ address, id, redelivered, err: error }, `Host ${address} failed: ${host.status_reason}`)
    if (!isHostError(error)) return error
    const data = { exception: error.name, address, code: error.code, ...error.details }
    return new BusError('InternalError', host.status_reason, { data, cause: error })
  }
}

/** Somebody else has the host, or nobody does any more, or it is ready all the same: its status is right as it is. */
function isNoFailure(error: unknown): boolean {
  return error instanceof RegistrationRefused || isConflict(error) || isMissing(error)
}

/** A host that was removed meanwhile, and is there again, was not the one that was investigated. */
function unlessOvertaken(error: unknown): undefined {
  if (error instanceof RegistrationRefused || !isNoFailure(error)) throw error
}

function nameIn(cluster: unknown): string | undefined {
  const given =
    typeof cluster === 'object' && cluster !== null && 'name' in cluster ? cluster.name : undefined
  return typeof given === 'string' ? given : undefined
}
