/**
 * A host: a machine that is managed over SSH, with its facts and its status.
 */
import { z } from 'zod'
import { defineList, defineModel, type ModelOf } from '../model/model.ts'
import { address } from '../model/names.ts'

/** How far a host has come; empty before anybody looked at it. */
export const hostStatuses = [
  '',
  'investigating',
  'bootstrapping',
  'disassociated',
  'active',
  'failed',
] as const

/** One of these. */
export type HostStatusName = (typeof hostStatuses)[number]

/** Whether a host needs a reboot. `unknown` where nothing on it can tell; `not_applicable` to a container's kernel. */
export const rebootAnswers = ['yes', 'no', 'unknown', 'not_applicable'] as const

/** One of these. */
export type RebootAnswer = (typeof rebootAnswers)[number]

/** Whether a host needs a reboot, as it was asked last. */
const reboot = z.object({
  needed: z.enum(rebootAnswers).default('unknown'),
  /** In a sentence. */
  reason: z.string().default(''),
  /** The file or command that tells. */
  source: z.string().default(''),
  /** Services that run on files which were replaced, and would do with a restart; null where nobody can tell. */
  services: z.array(z.string()).nullable().default(null),
  checked_at: z.string().default(''),
})

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
    /** Why it has this status, in a sentence; empty where all is well. */
    status_reason: z.string().default(''),
    /** Whether it needs a reboot, and why. */
    reboot: reboot.prefault({}),
  }),
  original: ['address', 'status', 'os', 'cpus', 'memory', 'space', 'last_check', 'source'],
  // A peer that writes a status gives no reason for it, and the old reason belongs to the old status.
  reset: ['status_reason'],
})
export type Host = ModelOf<typeof Host>

/** All hosts. */
export const Hosts = defineList('Hosts', Host)
