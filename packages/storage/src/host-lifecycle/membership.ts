/** The membership of hosts in clusters. The host set of a cluster is what users want, whatever the status of the hosts. */
import { BusError } from '@commissaire/bus'
import { Cluster, Clusters, type Host, isReadyHost } from '@commissaire/models'

import type { StorageClient } from '../client.ts'

/** The clusters of hosts. The list is read again after some seconds, as thousands of hosts are looked up at a time. */
export class ClusterMembership {
  readonly #storage: StorageClient
  readonly #maxAge: number
  #clusters: Promise<Cluster[]> | undefined
  #readAt = 0

  constructor(storage: StorageClient, { maxAge = 5_000 }: { maxAge?: number } = {}) {
    this.#storage = storage
    this.#maxAge = maxAge
  }

  /** The clusters that have this host; hardly ever more than one. `fresh` reads them now. */
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

/** Adds the address to the cluster's host set. */
export function addMember(storage: StorageClient, cluster: string, address: string): Promise<Cluster> {
  return storage.update(Cluster, cluster, (present) =>
    present.hostset.includes(address) ? undefined : { ...present, hostset: [...present.hostset, address] },
  )
}

/** Removes the address from the cluster's host set. */
export function removeMember(storage: StorageClient, cluster: string, address: string): Promise<Cluster> {
  return storage.update(Cluster, cluster, (present) =>
    present.hostset.includes(address)
      ? { ...present, hostset: present.hostset.filter((member) => member !== address) }
      : undefined,
  )
}

/** Replaces the cluster's host set, if it is still the old one; `Conflict` otherwise. */
export function replaceMembers(
  storage: StorageClient,
  cluster: string,
  { old, wanted }: { old: readonly string[]; wanted: readonly string[] },
): Promise<Cluster> {
  return storage.update(Cluster, cluster, (present) => {
    requireMembers(present, old)
    return { ...present, hostset: [...wanted] }
  })
}

/** Throws `Conflict` when the cluster has not just these hosts. */
export function requireMembers({ name, hostset }: Cluster, old: readonly string[]): void {
  const present = new Set(hostset)
  if (present.size === new Set(old).size && old.every((address) => present.has(address))) return
  throw new BusError(
    'Conflict',
    `The hosts of cluster "${name}" are not those given as "old"; read them again.`,
  )
}

/** Throws `NotAllowed` when one of the hosts is not ready to join a cluster. */
export function requireReady(hosts: readonly Host[], cluster: string): void {
  const unready = hosts.filter((host) => !isReadyHost(host))
  if (unready.length === 0) return
  const list = unready.map(({ address, status }) => `${address} (${status || 'new'})`).join(', ')
  throw new BusError(
    'NotAllowed',
    `Not ready to join cluster "${cluster}": ${list}. A host must be active or disassociated.`,
  )
}
