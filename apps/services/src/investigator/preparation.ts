/**
 * What a host is prepared for, and how its network is configured.
 *
 * The profile is that of the cluster, else that of the investigator's configuration, else the default of the type of the
 * cluster's container manager. The etcd servers are those of the network, else those of the configuration, else those that
 * Commissaire stores its models in.
 */
import type { Requester } from '@commissaire/bus'
import type { HostNetwork, Profile } from '@commissaire/hosts'
import { type Cluster, ContainerManagerConfig, type ContainerManagerType, Network } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

import { type EtcdForHosts, networkFor } from './host-network.ts'

/** The configuration of the preparation of hosts. */
export interface PreparationSettings {
  /** The profile of hosts whose cluster has none; `auto` depends on its container manager. */
  readonly profile?: Profile | 'auto'
  /** Where flannel on the hosts finds etcd. */
  readonly etcd?: EtcdForHosts
}

/** The profile and the network of a host. */
export interface Preparation {
  readonly profile: Profile
  readonly network: HostNetwork
}

/** What determining a preparation needs. */
export interface PreparationDeps extends PreparationSettings {
  readonly requester: Requester
  readonly storage: StorageClient
}

/** Determines what a host of this cluster, or of none, is prepared for. */
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

/** OpenShift needs Docker on its hosts; nodes of Kubernetes have their own container runtime. */
const defaultProfile: Record<ContainerManagerType, Profile> = {
  openshift: 'docker',
  kubernetes: 'none',
  trivial: 'none',
}
