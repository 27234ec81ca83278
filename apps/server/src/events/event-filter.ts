/**
 * Filters events by kind, operation, host and cluster. An event passes when it meets all given conditions.
 */
import type { Logger } from '@commissaire/bus'
import { Cluster, Operations } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'
import type { EventKind, ServerEvent } from './server-event.ts'

/** The conditions of a client; all are optional. */
export interface EventQuery {
  readonly kinds?: readonly EventKind[] | undefined
  readonly operation?: string | undefined
  readonly host?: string | undefined
  readonly cluster?: string | undefined
}

/** What a filter uses to learn what belongs to a cluster. */
export interface EventFilterDeps {
  readonly storage: StorageClient
  readonly log: Logger
}

/** Creates a predicate that accepts the events that meet the conditions. */
export async function createEventFilter(
  { kinds, operation, host, cluster }: EventQuery,
  deps: EventFilterDeps,
): Promise<(event: ServerEvent) => boolean> {
  const scope = cluster === undefined ? undefined : await ClusterScope.open(cluster, deps)
  return (event) =>
    // The scope is updated from every event, so it is asked first.
    (scope?.covers(event) ?? true) &&
    (kinds?.includes(event.kind) ?? true) &&
    (operation === undefined || event.about.operation === operation) &&
    (host === undefined || event.about.host === host)
}

/** The operations and hosts of a cluster, kept up to date from the events. */
class ClusterScope {
  readonly #cluster: string
  readonly #storage: StorageClient
  readonly #log: Logger
  readonly #operations = new Set<string>()
  #hosts: ReadonlySet<string> = new Set()
  #isStale = false

  private constructor(cluster: string, { storage, log }: EventFilterDeps) {
    this.#cluster = cluster
    this.#storage = storage
    this.#log = log
  }

  /** Reads what the cluster has now. A cluster that does not exist is an empty one. */
  static async open(cluster: string, deps: EventFilterDeps): Promise<ClusterScope> {
    const scope = new ClusterScope(cluster, deps)
    await scope.#readHosts()
    for (const operation of await deps.storage.list(Operations))
      if (operation.cluster === cluster) scope.#operations.add(operation.id)
    return scope
  }

  covers({ kind, about: { cluster, operation, host } }: ServerEvent): boolean {
    if (cluster !== undefined && cluster !== this.#cluster) return false
    if (kind === 'cluster') void this.#updateHosts()
    if (kind === 'operation' && operation !== undefined) this.#operations.add(operation)
    if (cluster !== undefined) return true
    return operation === undefined
      ? host !== undefined && this.#hosts.has(host)
      : this.#operations.has(operation)
  }

  /** Keeps the known hosts when the storage fails; the next event of the cluster reads them again. Logs the first failure. */
  async #updateHosts(): Promise<void> {
    try {
      await this.#readHosts()
      this.#isStale = false
    } catch (error) {
      if (!this.#isStale) this.#logStale(error)
      this.#isStale = true
    }
  }

  #logStale(error: unknown): void {
    this.#log.warn(
      { cluster: this.#cluster, reason: String(error) },
      'The hosts of a cluster could not be read; an event stream filters by the hosts it had before',
    )
  }

  /** Reads the hosts from the storage, since events do not contain them. */
  async #readHosts(): Promise<void> {
    const stored = await this.#storage.find(Cluster, this.#cluster)
    this.#hosts = new Set(stored?.hostset)
  }
}
