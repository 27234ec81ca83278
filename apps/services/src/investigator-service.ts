/**
 * The investigator: connects to new hosts, learns what they are and prepares them, by `jobs.investigate`.
 */
import { BusError, errorTable, type Message } from '@commissaire/bus'
import { isHostError, type Profile, RemotePool } from '@commissaire/hosts'
import { Host, safeModel } from '@commissaire/models'
import { CommissaireService, type MethodDeclarations, type ServiceOptions } from '@commissaire/service'
import { StorageClient } from '@commissaire/storage'

import { HostAccess } from './host-access.ts'
import { failHost } from './host-record.ts'
import { investigate, RegistrationRefused } from './investigation.ts'

/** What the investigator takes besides what every service takes. */
export interface InvestigatorOptions extends ServiceOptions {
  /** Connections to share with others of this process; they stay open when the service closes. */
  readonly pool?: RemotePool
  /** Where sshd listens on the hosts; default 22. */
  readonly sshPort?: number
  /** What hosts are prepared for; default `none`: only that they can be managed. */
  readonly profile?: Profile
}

/** Connects to new hosts and bootstraps them. */
export class InvestigatorService extends CommissaireService<InvestigatorOptions> {
  static override readonly doc = 'Connects to new hosts, learns what they are and prepares them.'
  static override readonly methods: MethodDeclarations = {
    investigate: {
      params: ['address', 'cluster_data'],
      doc: 'Brings a host from unknown to ready; answers with its JSON text.',
    },
  }

  readonly #storage = new StorageClient(this)
  readonly #pool: RemotePool
  readonly #access: HostAccess
  readonly #stopping = new AbortController()
  readonly #running = new Map<string, Promise<Host>>()

  constructor(options: InvestigatorOptions = {}) {
    super({ queues: [{ name: 'investigator', routingKey: 'jobs.investigate' }], ...options })
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
    const running = this.#running.get(address) ?? this.#begin(message, address, nameIn(cluster_data))
    return JSON.stringify(safeModel(Host, await running))
  }

  #begin(message: Message, address: string, cluster: string | undefined): Promise<Host> {
    const running = this.#investigate(message, address, cluster).finally(() => this.#running.delete(address))
    this.#running.set(address, running)
    return running
  }

  /** The caller may stop waiting; that the host is looked at does not depend on it. */
  async #investigate(message: Message, address: string, cluster: string | undefined): Promise<Host> {
    const { profile = 'none' } = this.options
    const means = {
      requester: this,
      storage: this.#storage,
      access: this.#access,
      profile,
      signal: this.#stopping.signal,
    }
    try {
      const host = await investigate(address, means, { cluster })
      this.log.info({ address, status: host.status, os: host.os }, `Host ${address} is ${host.status}`)
      return host
    } catch (error) {
      throw await this.#told(address, error, message)
    }
  }

  /** Writes the failure to the host, unless it is none of the host's, and makes of it what the caller hears. */
  async #told(address: string, error: unknown, { id, redelivered }: Message): Promise<unknown> {
    if (this.#stopping.signal.aborted || isNoFailure(error)) return error
    const host = await failHost(this.#storage, address, error)
    this.log.warn({ address, id, redelivered, err: error }, `Host ${address} failed: ${host.status_reason}`)
    if (!isHostError(error)) return error
    const data = { exception: error.name, address, code: error.code, ...error.details }
    return new BusError('InternalError', host.status_reason, { data, cause: error })
  }
}

/** Somebody else has the host, or nobody does any more, or it is ready all the same: its status is right as it is. */
function isNoFailure(error: unknown): boolean {
  if (error instanceof RegistrationRefused) return true
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === errorTable.Conflict.code || code === errorTable.StorageLookup.code
}

function nameIn(cluster: unknown): string | undefined {
  const given =
    typeof cluster === 'object' && cluster !== null && 'name' in cluster ? cluster.name : undefined
  return typeof given === 'string' ? given : undefined
}
