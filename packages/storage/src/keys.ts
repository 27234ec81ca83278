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

/** Where a model of that key lies: `/commissaire/networks/default`. */
export function keyPath({ name }: ModelDefinition, key: string): string {
  const path = pathsByName.get(name)
  if (path) return `/commissaire/${path(key)}`
  const allowed = storedModels.map((model) => model.name).join(', ')
  throw new BusError(
    'InvalidParams',
    `"model_type_name" is "${name}", which is not stored; stored: ${allowed}`,
    {
      data: { exception: 'InvalidParams', model_type_name: name },
    },
  )
}
