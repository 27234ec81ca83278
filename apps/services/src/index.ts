/** The five services of Commissaire, as classes: to run each in processes of its own, or all of them in one. */
export { ClusterexecService, type ClusterexecOptions } from './clusterexec/service.ts'
export { ContainerManagerService } from './containermgr/service.ts'
export { type HostPlan, InvestigatorService, type InvestigatorOptions } from './investigator/service.ts'
export type { EtcdForHosts } from './investigator/host-network.ts'
export type { PreparationSettings } from './investigator/preparation.ts'
export { checkStorage } from './storage/check-handlers.ts'
export { StorageService, type StorageServiceOptions } from './storage/service.ts'
export { WatcherService, type WatcherOptions } from './watcher/service.ts'
