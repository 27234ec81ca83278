/**
 * To which cluster a host belongs, and what a host that is ready is therefore: `active` in a cluster whose container
 * manager knows it or that has none, `disassociated` otherwise.
 */
import type { Requester } from '@commissaire/bus'
import { type Cluster, Clusters } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

/** All clusters, read again when what was read is a few seconds old: thousands of hosts ask at a time. */
export class Membership {
  readonly #storage: StorageClient
  readonly #maxAge: number
  #clusters: Promise<Cluster[]> | undefined
  #readAt = 0

  constructor(storage: StorageClient, { maxAge = 5_000 }: { maxAge?: number } = {}) {
    this.#storage = storage
    this.#maxAge = maxAge
  }

  /** The clusters that have this host; hardly ever more than one. `fresh` where something is decided by it. */
  async of(address: string, { fresh = false } = {}): Promise<Cluster[]> {
    if (fresh) this.#clusters = undefined
    return (await this.#read()).filter(({ hostset }) => hostset.includes(address))
  }

  #read(): Promise<Cluster[]> {
    if (this.#clusters && Date.now() - this.#readAt <= this.#maxAge) return this.#clusters
    this.#readAt = Date.now()
    const clusters = this.#storage.list(Clusters)
    this.#clusters = clusters
    clusters.catch(() => (this.#clusters = undefined))
    return clusters
  }
}

/** What a ready host of these clusters is. Asks the container manager where there is one. */
export async function readyStatus(
  requester: Requester,
  address: string,
  { clusters }: { clusters: readonly Cluster[] },
): Promise<'active' | 'disassociated'> {
  for (const { container_manager } of clusters) {
    if (!container_manager || (await isRegistered(requester, container_manager, address))) return 'active'
  }
  return 'disassociated'
}

async function isRegistered(requester: Requester, manager: string, address: string): Promise<boolean> {
  try {
    return Boolean(await requester.request('container.node_registered', [manager, address]))
  } catch {
    // Not registered, or nobody there to say so: either way nobody vouches for it now, and it is asked again.
    return false
  }
}
