/** The objects of the API server double as JSON, and the resources that they belong to. */

/** Any object of the API, as JSON. */
export interface ApiObject {
  apiVersion?: string
  kind?: string
  metadata: ApiMetadata
  spec: Record<string, unknown>
  status: Record<string, unknown>
}

/** What every object says of itself. */
export interface ApiMetadata {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: ApiOwner[]
}

/** Who made an object. */
export interface ApiOwner {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller: boolean
}

/** A kind of object, and where it is found. */
export interface Resource {
  readonly group: '' | 'apps' | 'batch' | 'policy'
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames?: readonly string[]
}

/** All that the double knows of. */
export const resources: readonly Resource[] = [
  { group: '', name: 'nodes', kind: 'Node', namespaced: false, shortNames: ['no'] },
  { group: '', name: 'pods', kind: 'Pod', namespaced: true, shortNames: ['po'] },
  { group: '', name: 'replicationcontrollers', kind: 'ReplicationController', namespaced: true },
  { group: 'apps', name: 'daemonsets', kind: 'DaemonSet', namespaced: true, shortNames: ['ds'] },
  { group: 'apps', name: 'deployments', kind: 'Deployment', namespaced: true },
  { group: 'apps', name: 'replicasets', kind: 'ReplicaSet', namespaced: true },
  { group: 'apps', name: 'statefulsets', kind: 'StatefulSet', namespaced: true },
  { group: 'batch', name: 'jobs', kind: 'Job', namespaced: true },
  { group: 'policy', name: 'poddisruptionbudgets', kind: 'PodDisruptionBudget', namespaced: true },
]

/** The versions of a group, the preferred one first. */
export function versionsOf(group: Resource['group']): string[] {
  return group === 'policy' ? ['v1', 'v1beta1'] : ['v1']
}

/** `v1`, or `apps/v1`. */
export function groupVersion(group: Resource['group'], version: string): string {
  return group === '' ? version : `${group}/${version}`
}

/** Where an object lies among its kind. */
export function keyOf({ metadata }: ApiObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}
