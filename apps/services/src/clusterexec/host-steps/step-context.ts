/** What a step gets: the host, the operation, and the means to work on the host. */
import type { Logger } from '@commissaire/bus'
import type { RebootOptions, Remote, RunOptions } from '@commissaire/hosts'
import type { Host, Operation } from '@commissaire/models'
import type { HostProgress, StepName } from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'

import type { HostAccess } from '../../shared/host-access.ts'
import type { ClusterNodes } from '../node-steps/cluster-nodes.ts'

/** The context of one step of one host. */
export interface StepContext {
  readonly operation: Operation
  readonly host: Host
  /** The progress of the host when the step begins, by the journal. */
  readonly progress: HostProgress
  /** True if an earlier worker had begun this step. */
  readonly isResumed: boolean
  readonly storage: StorageClient
  readonly access: HostAccess
  readonly nodes: ClusterNodes
  readonly log: Logger
  readonly reboot: RebootOptions
  /** Aborts the step: its time is over, the work on the host is stopped, or the lease is lost. */
  readonly signal: AbortSignal
  /** Milliseconds until the time for the host is over; Infinity if there is no limit. */
  readonly remainingTime: () => number
  /** Returns a connection on which the host has just answered. */
  readonly connect: () => Promise<Remote>
  /** Publishes and stores a line that a command printed; for output of interest to people, not for probes. */
  readonly onLine: NonNullable<RunOptions['onLine']>
  /** Stores a note in the journal before the step continues. */
  readonly note: (note: unknown) => Promise<void>
  /** Publishes and stores a line that says what the step does or waits for. */
  readonly report: (line: string) => void
}

/** The note that a step stores with its end; undefined for none. */
export type StepNote = Record<string, unknown> | undefined

/** A step is done when it resolves, and failed when it throws. */
export type Step = (context: StepContext) => Promise<StepNote>

/** The note of a step that had nothing to do. */
export function notNeeded(why: string): StepNote {
  return { not_needed: why }
}

/** The note of an earlier step. */
export function noteOf(progress: HostProgress, step: StepName): Record<string, unknown> | undefined {
  const note = progress.notes[step]
  return typeof note === 'object' && note !== null ? { ...note } : undefined
}
