/**
 * What a host is prepared for, and what it is told about its cluster's network.
 *
 * The cluster's own word comes first, then the investigator's configuration; where neither says anything, it is what
 * the kind of the cluster's container manager has always meant. Where etcd is, is known from the network, from the
 * configuration, or from the store that Commissaire itself keeps its models in, in this order.
 */
import type { Requester } from '@commissaire/bus'
import type { HostNetwork, Profile } from '@commissaire/hosts'
import { type Cluster, ContainerManagerConfig, type ContainerManagerType, Network } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

import { type EtcdForHosts, networkFor } from './host-network.ts'

/** What the configuration says about preparing hosts. */
export interface PreparationSettings {
  /** What hosts are prepared for where their cluster does not say; `auto` goes by its container manager. */
  readonly profile?: Profile | 'auto'
  /** Where flannel on the hosts finds etcd. */
  readonly etcd?: EtcdForHosts
}

/** What a host is prepared for. */
export interface Preparation {
  readonly profile: Profile
  readonly network: HostNetwork
}

/** Who is asked. */
export interface PreparationDeps extends PreparationSettings {
  readonly requester: Requester
  readonly storage: StorageClient
}

/** What a host of this cluster, or of none, is prepared for. */
export async function preparationFor(
  cluster: Cluster | undefined,
  deps: PreparationDeps,
): Promise<Preparation> {
  const profile = await profileFor(cluster, deps)
  if (profile !== 'docker') return { profile, network: { kind: 'none', why: `"${profile}" has no network` } }
  if (!cluster) return { profile, network: { kind: 'none', why: 'the host is in no cluster' } }
  const network = await deps.storage.find(Network, cluster.network)
  if (network) return { profile, network: await networkFor(network, deps) }
  return { profile, network: { kind: 'incomplete', why: `there is no network "${cluster.network}"` } }
}

async function profileFor(cluster: Cluster | undefined, deps: PreparationDeps): Promise<Profile> {
  const { profile = 'auto', storage } = deps
  if (cluster?.bootstrap) return cluster.bootstrap
  if (profile !== 'auto') return profile
  if (!cluster?.container_manager) return 'none'
  const manager = await storage.find(ContainerManagerConfig, cluster.container_manager)
  return manager ? defaultProfile[manager.type] : 'none'
}

/** Hosts of OpenShift were always given Docker; a node of Kubernetes brings its own runtime, whichever that is. */
const defaultProfile: Record<ContainerManagerType, Profile> = {
  openshift: 'docker',
  kubernetes: 'none',
  trivial: 'none',
}
