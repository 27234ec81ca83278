/**
 * Which events a client wants: those of some kinds, of an operation, of a host, of a cluster. What is asked for together
 * has to hold together.
 */
import { Cluster, Operations } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'
import type { EventKind, ServerEvent } from './server-event.ts'

/** What a client asks for; what is left out is no condition. */
export interface EventWish {
  readonly kinds?: readonly EventKind[] | undefined
  readonly operation?: string | undefined
  readonly host?: string | undefined
  readonly cluster?: string | undefined
}

/** Makes the question whether an event is wanted. */
export async function filterOf(
  { kinds, operation, host, cluster }: EventWish,
  storage: StorageClient,
): Promise<(event: ServerEvent) => boolean> {
  const scope = cluster === undefined ? undefined : await ClusterScope.of(cluster, storage)
  return (event) =>
    // The scope learns from what passes, also from what is not wanted.
    (scope?.covers(event) ?? true) &&
    (kinds?.includes(event.kind) ?? true) &&
    (operation === undefined || event.about.operation === operation) &&
    (host === undefined || event.about.host === host)
}

/** What belongs to a cluster: its operations and its hosts, as far as they are known. */
class ClusterScope {
  readonly #cluster: string
  readonly #storage: StorageClient
  readonly #operations = new Set<string>()
  #hosts: ReadonlySet<string> = new Set()

  private constructor(cluster: string, storage: StorageClient) {
    this.#cluster = cluster
    this.#storage = storage
  }

  /** A cluster that does not exist yet has nothing yet. */
  static async of(cluster: string, storage: StorageClient): Promise<ClusterScope> {
    const scope = new ClusterScope(cluster, storage)
    await scope.#readHosts()
    for (const operation of await storage.list(Operations))
      if (operation.cluster === cluster) scope.#operations.add(operation.id)
    return scope
  }

  covers({ kind, about: { cluster, operation, host } }: ServerEvent): boolean {
    if (cluster !== undefined && cluster !== this.#cluster) return false
    if (kind === 'cluster') void this.#readHosts().catch(() => undefined)
    if (kind === 'operation' && operation !== undefined) this.#operations.add(operation)
    if (cluster !== undefined) return true
    return operation === undefined
      ? host !== undefined && this.#hosts.has(host)
      : this.#operations.has(operation)
  }

  /** Events do not tell which hosts a cluster has. */
  async #readHosts(): Promise<void> {
    const stored = await this.#storage.find(Cluster, this.#cluster)
    this.#hosts = new Set(stored?.hostset)
  }
}
