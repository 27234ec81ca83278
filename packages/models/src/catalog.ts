/**
 * Finds the definition of a model or a list by its name on the wire.
 */
import { ClusterDeploy, ClusterRestart, ClusterUpgrade } from './operation/cluster-operation.ts'
import { Cluster, Clusters } from './cluster.ts'
import { ContainerManagerConfig, ContainerManagerConfigs } from './container-manager-config.ts'
import { HostCreds } from './host/host-creds.ts'
import { HostStatus } from './host/host-status.ts'
import { Host, Hosts } from './host/host.ts'
import type { ListDefinition, ModelDefinition } from './model/model.ts'
import { Network, Networks } from './network.ts'
import {
  HostLock,
  Operation,
  OperationHost,
  OperationHosts,
  OperationLease,
  OperationLeases,
  OperationOutput,
  Operations,
  Schedule,
  Schedules,
} from './operation/operation.ts'
import { WatcherRecord } from './host/watcher-record.ts'

/** Every model by its name. */
export const models = {
  Host,
  HostCreds,
  HostStatus,
  Cluster,
  ClusterDeploy,
  ClusterUpgrade,
  ClusterRestart,
  Network,
  ContainerManagerConfig,
  WatcherRecord,
  Operation,
  OperationHost,
  OperationOutput,
  OperationLease,
  HostLock,
  Schedule,
} as const satisfies Record<string, ModelDefinition>

/** The name of a model. */
export type ModelName = keyof typeof models

/** Every list by its name. */
export const lists = {
  Hosts,
  Clusters,
  Networks,
  ContainerManagerConfigs,
  Operations,
  OperationHosts,
  OperationLeases,
  Schedules,
} as const satisfies Record<string, ListDefinition>

/** The name of a list. */
export type ListName = keyof typeof lists

const modelsByName = new Map<string, ModelDefinition>(Object.entries(models))
const listsByName = new Map<string, ListDefinition>(Object.entries(lists))

/** The model of that name, if there is one. */
export function findModel(name: string): ModelDefinition | undefined {
  return modelsByName.get(name)
}

/** The list of that name, if there is one. */
export function findList(name: string): ListDefinition | undefined {
  return listsByName.get(name)
}
