/**
 * The status of a host, also in its container manager. Computed on request, never stored.
 */
import { z } from 'zod'
import { type Host, hostStatuses } from './host.ts'
import { defineModel, type ModelOf } from '../model/model.ts'

/** How a host is; `container_manager` is what its container manager says, empty where there is none. */
export const HostStatus = defineModel({
  name: 'HostStatus',
  schema: z.object({
    type: z.string().default('host_only'),
    host: z
      .object({ last_check: z.string().default(''), status: z.enum(hostStatuses).default('') })
      .prefault({}),
    container_manager: z.record(z.string(), z.unknown()).default({}),
  }),
})
export type HostStatus = ModelOf<typeof HostStatus>

/** The status of this host, with what its container manager says about it. */
export function hostStatusOf(host: Host, containerManager: Record<string, unknown> = {}): HostStatus {
  const { last_check, status } = host
  return { type: 'host_only', host: { last_check, status }, container_manager: containerManager }
}
