/** One host at one step, and what working on it takes. */
import type { Logger } from '@commissaire/bus'
import type { RebootOptions, Remote, RunOptions } from '@commissaire/hosts'
import type { Host, Operation } from '@commissaire/models'
import type { HostProgress, StepName } from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'

import type { HostAccess } from '../../shared/host-access.ts'
import type { ClusterNodes } from '../node-steps/cluster-nodes.ts'

/** What a step may use. */
export interface StepContext {
  readonly operation: Operation
  readonly host: Host
  /** As the journal has it when the step begins. */
  readonly progress: HostProgress
  /** True when a worker before us had begun this step. */
  readonly isResumed: boolean
  readonly storage: StorageClient
  readonly access: HostAccess
  readonly nodes: ClusterNodes
  readonly log: Logger
  readonly reboot: RebootOptions
  /** Ends the step: its time is over, the host is given back, or the operation is not ours any more. */
  readonly signal: AbortSignal
  /** Milliseconds until its time is over; Infinity where it may last. */
  readonly remainingTime: () => number
  /** A connection on which the host has just answered. */
  readonly connect: () => Promise<Remote>
  /** Sends and keeps a line that a command printed; for what people want to read, not for our own probes. */
  readonly onLine: NonNullable<RunOptions['onLine']>
  /** Keeps something that must not be forgotten, before the step goes on. */
  readonly note: (note: unknown) => Promise<void>
  /** Says in a line what it waits for, for whoever watches. */
  readonly report: (line: string) => void
}

/** What a step noted of itself; undefined where there is nothing to note. */
export type StepNote = Record<string, unknown> | undefined

/** A step: done when it resolves, failed when it throws. */
export type Step = (context: StepContext) => Promise<StepNote>

/** A step that keeps its note although it did nothing: the host does not need it. */
export function notNeeded(why: string): StepNote {
  return { not_needed: why }
}

/** What an earlier step noted. */
export function noteOf(progress: HostProgress, step: StepName): Record<string, unknown> | undefined {
  const note = progress.notes[step]
  return typeof note === 'object' && note !== null ? { ...note } : undefined
}
