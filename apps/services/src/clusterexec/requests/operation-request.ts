/** Requests for new operations: checked as a whole, and refused with all faults before anything is stored. */
import { BusError } from '@commissaire/bus'
import {
  Cluster,
  Hosts,
  operationKindNames,
  RolloutPolicy,
  type OperationKindName,
} from '@commissaire/models'
import { faultsOf, inOrder, type Member } from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'
import { z } from 'zod'

import { orDefault } from '../../shared/optional-argument.ts'

/** A request for an operation, as it comes from the bus. */
export const OperationRequest = z.object({
  kind: z.enum(operationKindNames),
  cluster_name: z.string(),
  version: orDefault(z.string(), ''),
  command: orDefault(z.string(), ''),
  /** Only these hosts of the cluster; empty for all. */
  hosts: orDefault(z.array(z.string()), []),
  policy: orDefault(RolloutPolicy, RolloutPolicy.parse({})),
  /** The user who requests it. */
  by: orDefault(z.string(), ''),
})
export type OperationRequest = z.output<typeof OperationRequest>

/** A valid request with its hosts. */
export interface OperationSpec {
  readonly kind: OperationKindName
  readonly cluster: string
  readonly version: string
  readonly command: string
  readonly policy: RolloutPolicy
  /** The user who requests it; empty if unknown. */
  readonly by: string
  /** In the order in which they are worked on. */
  readonly members: readonly Member[]
}

/** Checks a request and finds its hosts. Throws `InvalidParams` with all faults, and `NotFound` for an unknown cluster or host. */
export async function resolveRequest(
  storage: StorageClient,
  request: OperationRequest,
): Promise<OperationSpec> {
  requireArguments(request)
  const { kind, cluster_name: cluster, version, command, policy, by } = request
  const members = await membersOf(storage, request)
  const faults = faultsOf(policy, { members, now: Date.now() })
  if (faults.length > 0 && members.length > 0)
    throw invalidRequest(faults.map(({ path, message }) => ({ path: `policy.${path}`, message })))
  return { kind, cluster, version, command, policy, by, members: inOrder(members, policy) }
}

/** Throws if an argument is missing that this kind of operation needs. */
function requireArguments({ kind, version, command }: OperationRequest): void {
  if (kind === 'deploy' && version === '') throw missing('version')
  if (kind === 'exec' && command === '') throw missing('command')
}

async function membersOf(
  storage: StorageClient,
  { cluster_name, hosts }: OperationRequest,
): Promise<Member[]> {
  const cluster = await storage.find(Cluster, cluster_name)
  if (!cluster)
    throw new BusError('NotFound', `There is no cluster "${cluster_name}"`, { data: { cluster_name } })
  const stranger = hosts.find((address) => !cluster.hostset.includes(address))
  if (stranger !== undefined)
    throw new BusError('NotFound', `${stranger} is not in cluster "${cluster_name}"`, {
      data: { cluster_name, address: stranger },
    })
  const known = new Map((await storage.list(Hosts)).map((host) => [host.address, host]))
  const chosen =
    hosts.length > 0 ? cluster.hostset.filter((address) => hosts.includes(address)) : cluster.hostset
  return chosen.map((address) => {
    const { zone = '', labels = {} } = known.get(address) ?? {}
    return { address, zone, isControlPlane: controlPlaneLabels.some((label) => label in labels) }
  })
}

/** The labels of control plane nodes in current and old versions of Kubernetes. */
const controlPlaneLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

function missing(path: string): BusError {
  return invalidRequest([{ path, message: 'must not be empty' }])
}

function invalidRequest(faults: readonly { path: string; message: string }[]): BusError {
  const listed = faults.map(({ path, message }) => `${path}: ${message}`).join('; ')
  return new BusError('InvalidParams', `This operation is not possible: ${listed}`, {
    data: { exception: 'ValidationError', faults },
  })
}
