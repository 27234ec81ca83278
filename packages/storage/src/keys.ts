/**
 * Which models are stored, and the path each has: in etcd, and in the messages of errors, which peers know.
 */
import { type ModelDefinition, type ModelName, models } from '@commissaire/models'
import { BusError } from '@commissaire/bus'

const paths: Partial<Record<ModelName, (key: string) => string>> = {
  Host: (key) => `hosts/${key}`,
  HostCreds: (key) => `hostcreds/${key}`,
  Cluster: (key) => `clusters/${key}`,
  ClusterDeploy: (key) => `cluster/${key}/deploy`,
  ClusterUpgrade: (key) => `cluster/${key}/upgrade`,
  ClusterRestart: (key) => `cluster/${key}/restart`,
  Network: (key) => `networks/${key}`,
  ContainerManagerConfig: (key) => `container_managers/${key}`,
}

const pathsByName = new Map<string, (key: string) => string>(Object.entries(paths))

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
  const path = pathsByName.get(storedModel(name).name)
  return `/commissaire/${path?.(key) ?? ''}`
}
