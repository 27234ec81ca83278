/**
 * A host: a machine that is reached over SSH, what is known about it, and how far it has come.
 */
import { z } from 'zod'
import { defineList, defineModel, type ModelOf } from './model.ts'
import { address } from './names.ts'

/** How far a host has come; empty before anybody looked at it. */
export const hostStatuses = [
  '',
  'investigating',
  'bootstrapping',
  'disassociated',
  'active',
  'failed',
] as const

export type HostStatusName = (typeof hostStatuses)[number]

/** A machine that is reached over SSH. `memory` and `space` are kilobytes. */
export const Host = defineModel({
  name: 'Host',
  key: 'address',
  schema: z.object({
    address,
    status: z.enum(hostStatuses).default(''),
    os: z.string().default(''),
    cpus: z.int().nonnegative().default(0),
    memory: z.int().nonnegative().default(0),
    space: z.int().nonnegative().default(0),
    last_check: z.string().default(''),
    /** The store handler that is the authority for this host's data. */
    source: z.string().default(''),
    labels: z.record(z.string(), z.string()).default({}),
    /** What was read on the host itself, as `gatherFacts` gives it; empty until then. */
    facts: z
      .record(z.string(), z.unknown())
      .nullable()
      .default({})
      .transform((facts) => facts ?? {}),
    /** The pinned host key; empty until the first contact. */
    host_key: z.string().default(''),
    /** The failure domain, by which rolling operations spread their load. */
    zone: z.string().default(''),
    /** When it was last made ready; empty until then and while it is investigated. */
    bootstrapped_at: z.string().default(''),
    /** Why it has this status, in a sentence; empty where all is well. Goes with the status, so it is not kept. */
    status_reason: z.string().default(''),
  }),
  kept: ['labels', 'facts', 'host_key', 'zone', 'bootstrapped_at'],
})
export type Host = ModelOf<typeof Host>

/** All hosts. */
export const Hosts = defineList('Hosts', Host)

const moves: Record<HostStatusName, readonly HostStatusName[]> = {
  '': ['investigating', 'failed'],
  investigating: ['bootstrapping', 'failed'],
  bootstrapping: ['disassociated', 'investigating', 'failed'],
  disassociated: ['active', 'investigating', 'failed'],
  active: ['disassociated', 'investigating', 'failed'],
  // Seen well again by the watcher, or investigated anew.
  failed: ['investigating', 'disassociated', 'active'],
}

/** Whether a host may go from one status to another. Staying is always allowed. */
export function mayMove(from: HostStatusName, to: HostStatusName): boolean {
  return from === to || moves[from].includes(to)
}
