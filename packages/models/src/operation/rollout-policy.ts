/**
 * The policy of a rolling operation: the order, how many hosts at a time, when, and when to pause.
 *
 * An unknown member is refused and not dropped: a mistyped limit must not become no limit.
 */
import { z } from 'zod'

const wholeOrPercent = /^(?:100|[1-9]?\d)(?:\.\d+)?%$/

const percent = z.string().regex(wholeOrPercent, { error: 'must be a number, or a percentage such as "20%"' })

/** So many hosts, or that part of all. */
export const Amount = z.union([z.int().nonnegative(), percent])
export type Amount = z.infer<typeof Amount>

/** From each time the pattern matches, for so many minutes. */
export const MaintenanceWindow = z.strictObject({
  /** When it opens: a cron pattern of five fields, such as `0 22 * * 1-5`. */
  start: z.string().min(1),
  minutes: z.int().positive(),
  timezone: z.string().default('UTC'),
})
export type MaintenanceWindow = z.output<typeof MaintenanceWindow>

/** Days on which nothing is begun, the last one included. */
export const Blackout = z.strictObject({
  from: z.iso.date(),
  until: z.iso.date(),
  timezone: z.string().default('UTC'),
})
export type Blackout = z.output<typeof Blackout>

const seconds = z.number().nonnegative()

/** What may become of a node's pods; the names and defaults are those of kubectl drain. */
export const DrainPolicy = z.strictObject({
  force: z.boolean().default(false),
  ignore_daemonsets: z.boolean().default(true),
  delete_emptydir_data: z.boolean().default(false),
  disable_eviction: z.boolean().default(false),
  /** Seconds a pod has to end; negative: what the pod itself says. */
  grace_period: z.int().default(-1),
  /** Seconds the whole drain may take. */
  timeout: seconds.default(3600),
  pod_selector: z.string().default(''),
  skip_wait_for_delete_timeout: seconds.default(0),
})
export type DrainPolicy = z.output<typeof DrainPolicy>

/** When a host counts as well again. */
export const HealthPolicy = z.strictObject({
  /** Seconds for which its node must be ready without a break. */
  ready_for: seconds.default(10),
  /** Seconds it has to become well. */
  within: seconds.default(600),
  /** A command that must end with 0 on the host. */
  command: z.string().default(''),
  /** A URL that must answer with success; `{address}` stands for the host. */
  url: z.string().default(''),
  /** systemd units that may be failed. */
  accepted_units: z.array(z.string()).default([]),
})
export type HealthPolicy = z.output<typeof HealthPolicy>

/** How a rolling operation is to go. What is left out is careful: one host at a time, stop at the first failure. */
export const RolloutPolicy = z.strictObject({
  /** How many hosts may be away at once, those included that already are; default 1, or the ramp's largest. */
  max_unavailable: Amount.optional(),
  /** The sizes of the first waves, the last one for all further ones; none: no waves. */
  ramp: z.array(Amount).default([]),
  /** With more failures than so many, the operation pauses. */
  max_failures: Amount.default(0),
  /** Seconds of rest after each host. */
  pause_between: seconds.default(0),
  /** Seconds the work on one host may take. */
  host_timeout: z.number().positive().default(3600),
  /** Seconds to wait for hosts that are away before the operation pauses, where they use up what may be away. */
  patience: seconds.default(600),
  /** By zones: neighbours of the order in different ones, or one zone after another; or as the cluster lists them. */
  order: z.enum(['spread', 'zone_by_zone', 'given']).default('spread'),
  /** Only hosts of these zones, in this order; none: all. */
  zones: z.array(z.string()).default([]),
  control_plane: z.enum(['last', 'any']).default('last'),
  windows: z.array(MaintenanceWindow).default([]),
  blackouts: z.array(Blackout).default([]),
  /** Left out: what the operation needs; a restart always, an upgrade only where systems boot images. */
  reboot: z.enum(['always', 'if-needed', 'never']).optional(),
  drain: DrainPolicy.prefault({}),
  health: HealthPolicy.prefault({}),
})
export type RolloutPolicy = z.output<typeof RolloutPolicy>
