/**
 * Rolling operations over a cluster's hosts: deploying a version, upgrading, restarting. One of each kind a cluster,
 * named as the cluster is.
 */
import { z } from 'zod'
import { defineModel, type ModelOf } from '../model/model.ts'
import { name } from '../model/names.ts'
import type { RolloutStatus } from './operation.ts'

/** Where an operation is; empty before it begins. */
export const operationStatuses = ['', 'in_process', 'finished', 'failed', 'paused', 'cancelled'] as const

/** One of these. */
export type OperationStatus = (typeof operationStatuses)[number]

const status = z.enum(operationStatuses).default('')
/** Later attributes that tell of one run: a peer that writes another run does not know them. */
const reset = ['failures', 'reason', 'operation'] as const
const original = ['name', 'status', 'in_process', 'started_at', 'finished_at'] as const
const addresses = z.array(z.string()).default([])
const ending = {
  in_process: addresses,
  started_at: z.string().default(''),
  finished_at: z.string().default(''),
  /** Why hosts failed: {address: reason}. */
  failures: z.record(z.string(), z.string()).default({}),
  /** Why the operation as a whole stands where it does, in a sentence. */
  reason: z.string().default(''),
  /** The operation that this is the view of. */
  operation: z.string().default(''),
}
/** Brings every host of a cluster to one version. */
export const ClusterDeploy = defineModel({
  name: 'ClusterDeploy',
  key: 'name',
  original: [...original, 'version', 'deployed'],
  reset,
  schema: z.object({
    name,
    status,
    version: z.string().min(1, { error: 'must not be empty' }),
    deployed: addresses,
    ...ending,
  }),
})
export type ClusterDeploy = ModelOf<typeof ClusterDeploy>

/** Brings every host of a cluster up to date. */
export const ClusterUpgrade = defineModel({
  name: 'ClusterUpgrade',
  key: 'name',
  original: [...original, 'upgraded'],
  reset,
  schema: z.object({ name, status, upgraded: addresses, ...ending }),
})
export type ClusterUpgrade = ModelOf<typeof ClusterUpgrade>

/** Restarts every host of a cluster. */
export const ClusterRestart = defineModel({
  name: 'ClusterRestart',
  key: 'name',
  original: [...original, 'restarted'],
  reset,
  schema: z.object({ name, status, restarted: addresses, ...ending }),
})
export type ClusterRestart = ModelOf<typeof ClusterRestart>

/** Whether an operation has ended: finished, failed or cancelled. Only a failed one can be retried. */
export function isOver(status: OperationStatus | RolloutStatus): boolean {
  return status === 'finished' || status === 'failed' || status === 'cancelled'
}
