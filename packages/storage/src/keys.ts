/**
 * The stored models and their paths, in etcd and in error messages that peers parse.
 */
import { type ModelDefinition, type ModelName, models } from '@commissaire/models'
import { BusError } from '@commissaire/bus'
import type { Place } from './handler.ts'

/** What comes before the key of a model, and what after. */
const paths: Partial<Record<ModelName, readonly [before: string, after: string]>> = {
  Host: ['hosts/', ''],
  HostCreds: ['hostcreds/', ''],
  Cluster: ['clusters/', ''],
  ClusterDeploy: ['cluster/', '/deploy'],
  ClusterUpgrade: ['cluster/', '/upgrade'],
  ClusterRestart: ['cluster/', '/restart'],
  Network: ['networks/', ''],
  ContainerManagerConfig: ['container_managers/', ''],
  Operation: ['operations/', ''],
  OperationHost: ['operation_hosts/', ''],
  OperationOutput: ['operation_output/', ''],
  OperationLease: ['operation_leases/', ''],
  HostLock: ['host_locks/', ''],
  Schedule: ['schedules/', ''],
}

const pathsByName = new Map<string, readonly [before: string, after: string]>(Object.entries(paths))

/** Under which everything lies. */
export const root = '/commissaire/'

/** Every model that is stored, in the order of the catalogue. */
export const storedModels: readonly ModelDefinition[] = Object.values(models).filter(({ name }) =>
  pathsByName.has(name),
)

/** The stored model of that name, or an `InvalidParams` error that lists those there are. */
export function storedModel(name: unknown): ModelDefinition {
  const definition = storedModels.find((model) => model.name === name)
  if (definition) return definition
  const found = name === undefined ? 'missing' : JSON.stringify(name)
  const allowed = storedModels.map((model) => model.name).join(', ')
  throw new BusError('InvalidParams', `"model_type_name" is ${found}; stored models: ${allowed}`, {
    data: { exception: 'InvalidParams', model_type_name: name },
  })
}

/** Where a model of that key lies: `/commissaire/networks/default`. */
export function keyPath({ name }: ModelDefinition, key: string): string {
  return pathOf({ model: name, key })
}

/** Where the value of a place lies. */
export function pathOf({ model, key }: Place): string {
  const [before = '', after = ''] = pathsByName.get(storedModel(model).name) ?? []
  return `${root}${before}${key}${after}`
}

/** What the paths of all of a model's values begin with; those of sister models may begin with it, too. */
export function folderOf(model: string): string {
  const [before = ''] = pathsByName.get(storedModel(model).name) ?? []
  return `${root}${before}`
}

/** Whose path this is, if it is one of ours. */
export function placeAt(path: string): Place | undefined {
  for (const [model, [before, after]] of pathsByName) {
    const start = root + before
    if (!path.startsWith(start) || !path.endsWith(after)) continue
    const key = path.slice(start.length, path.length - after.length)
    if (after === '' || !key.includes('/')) return { model, key }
  }
  return undefined
}
