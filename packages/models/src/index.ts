/**
 * The models of Commissaire and their rules. Depends only on zod and runs in browsers.
 */
export {
  attributesOf,
  defineList,
  defineModel,
  keyOf,
  type ListDefinition,
  type ModelDefinition,
  type ModelOf,
  type ModelSchema,
  safeModel,
} from './model/model.ts'
export { blankSecrets } from './secrets/blank.ts'
export { holdsBlanks, restoreSecrets } from './secrets/restore-secrets.ts'
export { type Fault, parseAs, parseModel, parseModelText, ValidationError } from './model/validation.ts'
export { address, addressPattern, name, namePattern } from './model/names.ts'
export { parseTimestamp, timestamp } from './model/timestamp.ts'
export {
  Host,
  Hosts,
  hostStatuses,
  type HostStatusName,
  type RebootAnswer,
  rebootAnswers,
} from './host/host.ts'
export {
  awaitsRegistration,
  hostPhase,
  type HostPhase,
  isAvailableHost,
  isReadyHost,
  mayMove,
  type ReadyStatus,
} from './host/host-lifecycle.ts'
export { HostCreds } from './host/host-creds.ts'
export { HostStatus, hostStatusOf } from './host/host-status.ts'
export {
  type BootstrapProfile,
  bootstrapProfiles,
  Cluster,
  Clusters,
  clusterStatus,
  type ClusterStatusName,
  type ClusterWithHosts,
  countHosts,
  countReboots,
  type HostCounts,
  type RebootCounts,
  withHosts,
} from './cluster.ts'
export {
  ClusterDeploy,
  ClusterRestart,
  ClusterUpgrade,
  isOver,
  type OperationStatus,
  operationStatuses,
} from './operation/cluster-operation.ts'
export { defaultNetwork, Network, Networks, type NetworkType, networkTypes } from './network.ts'
export {
  ContainerManagerConfig,
  ContainerManagerConfigs,
  ContainerManagerOptions,
  type ContainerManagerType,
  containerManagerTypes,
  verifiesTls,
} from './container-manager-config.ts'
export { WatcherRecord } from './host/watcher-record.ts'
export { findList, findModel, type ListName, lists, type ModelName, models } from './catalog.ts'
export {
  Amount,
  Blackout,
  DrainPolicy,
  HealthPolicy,
  MaintenanceWindow,
  RolloutPolicy,
} from './operation/rollout-policy.ts'
export {
  HostLock,
  Operation,
  OperationHost,
  operationHostKey,
  OperationHosts,
  type OperationHostState,
  operationHostStates,
  type OperationKindName,
  operationKindNames,
  OperationLease,
  OperationLeases,
  OperationOutput,
  ControlRequest,
  Operations,
  type RolloutStatus,
  rolloutStatuses,
  Schedule,
  Schedules,
} from './operation/operation.ts'
