/** Whether some operation is working on a host right now, as its stored progress says. */
import {
  type Cluster,
  ClusterDeploy,
  ClusterRestart,
  ClusterUpgrade,
  type ModelDefinition,
  parseTimestamp,
} from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

/** What every operation has, whatever it does. */
export type Operation = ClusterDeploy | ClusterRestart | ClusterUpgrade

const definitions: readonly ModelDefinition<Operation>[] = [ClusterDeploy, ClusterRestart, ClusterUpgrade]

/** An operation that gave no sign of life for that long does not work on anything. */
const LIFE = 15 * 60_000

/** The operation that has this host of these clusters in process, other than `except`; undefined when there is none. */
export async function operationOn(
  storage: StorageClient,
  address: string,
  clusters: readonly Cluster[],
  { except }: { except?: string } = {},
): Promise<string | undefined> {
  for (const { name } of clusters) {
    for (const definition of definitions) {
      if (`${definition.name} ${name}` === except) continue
      const operation = await storage.find(definition, name)
      if (operation && hasInProcess(operation, address)) return `${definition.name} ${name}`
    }
  }
  return undefined
}

function hasInProcess({ status, in_process, renewed_at }: Operation, address: string): boolean {
  if (status !== 'in_process' || !in_process.includes(address)) return false
  return Date.now() - (parseTimestamp(renewed_at)?.getTime() ?? 0) < LIFE
}
