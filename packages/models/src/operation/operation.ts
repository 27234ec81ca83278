/**
 * The records of rolling operations: the operation, the progress and output of its hosts, its lease, and its host locks.
 */
import { z } from 'zod'
import { defineList, defineModel, type ModelOf } from '../model/model.ts'
import { address, name } from '../model/names.ts'
import { RolloutPolicy } from './rollout-policy.ts'

/** What an operation does. */
export const operationKindNames = ['upgrade', 'restart', 'deploy', 'exec', 'drain'] as const

/** One of these kinds. */
export type OperationKindName = (typeof operationKindNames)[number]

/** Where an operation stands. While it is pausing or cancelling, hosts that were begun come to their end. */
export const rolloutStatuses = [
  'in_process',
  'pausing',
  'paused',
  'cancelling',
  'finished',
  'failed',
  'cancelled',
] as const

/** One of these. */
export type RolloutStatus = (typeof rolloutStatuses)[number]

/** Where one host of an operation stands. The last four are ends, though a failed one may be retried. */
export const operationHostStates = ['waiting', 'working', 'done', 'failed', 'skipped', 'untouched'] as const

/** One of these. */
export type OperationHostState = (typeof operationHostStates)[number]

/** What somebody wants of an operation that is under way. */
export const ControlRequest = z.object({
  at: z.string(),
  what: z.enum(['pause', 'resume', 'cancel', 'retry', 'skip', 'release', 'throttle']),
  /** The hosts meant; none: all it can be meant for. */
  hosts: z.array(z.string()).default([]),
  /** How many hosts may be away from now on. */
  max_unavailable: z.union([z.number(), z.string()]).optional(),
  reason: z.string().default(''),
  /** Who asked; empty where nobody said. */
  by: z.string().default(''),
})
export type ControlRequest = z.output<typeof ControlRequest>

const time = z.string().default('')
const entries = z.array(z.record(z.string(), z.unknown())).default([])

/** A rolling operation. */
export const Operation = defineModel({
  name: 'Operation',
  key: 'id',
  original: [
    'id',
    'kind',
    'cluster',
    'status',
    'reason',
    'version',
    'command',
    'policy',
    'hosts',
    'started_at',
    'finished_at',
    'asked_by',
    'journal',
    'requests',
    'requests_seen',
    'request_id',
  ],
  schema: z.object({
    id: name,
    kind: z.enum(operationKindNames),
    cluster: name,
    status: z.enum(rolloutStatuses).default('in_process'),
    /** Why it stands where it does, in a sentence. */
    reason: z.string().default(''),
    /** What a deployment brings. */
    version: z.string().default(''),
    /** What `exec` runs. */
    command: z.string().default(''),
    policy: RolloutPolicy,
    /** How many hosts are in each state. */
    hosts: z.partialRecord(z.enum(operationHostStates), z.number()).default({}),
    started_at: time,
    finished_at: time,
    /** Who began it: a user, or `schedule <name>`; empty where nobody said. */
    asked_by: z.string().default(''),
    /** What happened to it as a whole, in order. */
    journal: entries,
    /** What was asked for while it was under way, in order. */
    requests: z.array(ControlRequest).default([]),
    /** How many of the requests were looked at. */
    requests_seen: z.int().nonnegative().default(0),
    /** The bus message that asked for it, by which one that is delivered again is known. */
    request_id: z.string().default(''),
  }),
  hidden: ['requests', 'requests_seen', 'request_id'],
})
export type Operation = ModelOf<typeof Operation>
/** All operations. */
export const Operations = defineList('Operations', Operation)

/** One host of an operation, under `<operation>/<address>`. */
export const OperationHost = defineModel({
  name: 'OperationHost',
  announced: 'internal',
  key: 'id',
  original: [
    'id',
    'operation',
    'address',
    'position',
    'zone',
    'is_control_plane',
    'state',
    'step',
    'reason',
    'code',
    'started_at',
    'finished_at',
    'journal',
  ],
  schema: z.object({
    id: z.string().min(3),
    operation: name,
    address,
    /** Its place in the order of turns. */
    position: z.int().nonnegative(),
    zone: z.string().default(''),
    is_control_plane: z.boolean().default(false),
    state: z.enum(operationHostStates).default('waiting'),
    /** The step it is in, or at which it failed. */
    step: z.string().default(''),
    /** Why it failed or was left out, in a sentence, and as a code. */
    reason: z.string().default(''),
    code: z.string().default(''),
    started_at: time,
    finished_at: time,
    /** What happened to it, in order, step by step. */
    journal: entries,
  }),
})
export type OperationHost = ModelOf<typeof OperationHost>
/** All hosts of operations. */
export const OperationHosts = defineList('OperationHosts', OperationHost)

/** What the commands on one host of an operation printed, under the same key as the host. */
export const OperationOutput = defineModel({
  name: 'OperationOutput',
  announced: 'never',
  key: 'id',
  original: ['id', 'lines', 'dropped'],
  schema: z.object({
    id: z.string().min(3),
    /** The last lines. */
    lines: z.array(z.string()).default([]),
    /** How many lines there were before them. */
    dropped: z.int().nonnegative().default(0),
  }),
  hidden: ['lines'],
})
export type OperationOutput = ModelOf<typeof OperationOutput>

/** Who works on an operation that is under way, and that worker's last sign of life. */
export const OperationLease = defineModel({
  name: 'OperationLease',
  announced: 'never',
  key: 'slot',
  original: ['slot', 'operation', 'worker', 'renewed_at'],
  schema: z.object({
    /** What only one operation at a time may do: `upgrade-of-<cluster>`, or the operation itself. */
    slot: name,
    operation: name,
    /** The machine, which of its programs, and which turn of that. */
    worker: z.string().default(''),
    renewed_at: time,
  }),
})
export type OperationLease = ModelOf<typeof OperationLease>
/** All leases. */
export const OperationLeases = defineList('OperationLeases', OperationLease)

/** The one operation that may work on a host. */
export const HostLock = defineModel({
  name: 'HostLock',
  announced: 'never',
  key: 'address',
  original: ['address', 'operation', 'since'],
  schema: z.object({ address, operation: name, since: time }),
})
export type HostLock = ModelOf<typeof HostLock>

/** An operation that begins by itself, again and again. */
export const Schedule = defineModel({
  name: 'Schedule',
  key: 'name',
  original: [
    'name',
    'cluster',
    'kind',
    'when',
    'timezone',
    'version',
    'command',
    'policy',
    'enabled',
    'last_run',
    'last_operation',
    'last_error',
    'due_at',
    'due_by',
  ],
  schema: z.object({
    name,
    cluster: name,
    kind: z.enum(['upgrade', 'restart', 'deploy', 'exec']),
    /** When: a cron pattern of five fields. */
    when: z.string().min(1),
    timezone: z.string().default('UTC'),
    version: z.string().default(''),
    command: z.string().default(''),
    policy: RolloutPolicy,
    enabled: z.boolean().default(true),
    /** When it last began, which operation that was, or why none began. */
    last_run: time,
    last_operation: z.string().default(''),
    last_error: z.string().default(''),
    /** When it is due next, and by which pattern and time zone: kept by whoever keeps the time. */
    due_at: time,
    due_by: z.string().default(''),
  }),
  hidden: ['due_at', 'due_by'],
})
export type Schedule = ModelOf<typeof Schedule>
/** All schedules. */
export const Schedules = defineList('Schedules', Schedule)

/** Where what is known of a host in an operation lies. */
export function operationHostKey(operation: string, host: string): string {
  return `${operation}/${host}`
}
