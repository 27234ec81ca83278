/**
 * What is written down of an operation, before and after everything that is done. The state of an operation is what
 * its journal says and nothing else, so that whoever reads the journal can go on where another stopped.
 */
import type { Amount } from '@commissaire/models'

import type { StepName } from './steps.ts'

/** What happened to one host; `at` is in milliseconds since 1970, `by` is who asked for it, where somebody did. */
export type HostEntry = { readonly at: number } & (
  | { readonly type: 'begun' }
  | { readonly type: 'step_began'; readonly step: StepName }
  /** Something that must not be forgotten while the step goes on, such as the boot that a reboot is to end. */
  | { readonly type: 'step_noted'; readonly step: StepName; readonly note: unknown }
  | { readonly type: 'step_done'; readonly step: StepName; readonly note?: unknown }
  | { readonly type: 'step_failed'; readonly step: StepName; readonly reason: string; readonly code?: string }
  /** It is let go of before anything was done to it: to wait again, or for good. */
  | { readonly type: 'turned_back'; readonly to: 'waiting' | 'untouched'; readonly reason: string }
  /** It will have no turn: somebody said so or, with the code `absent`, it was down when its turn came. */
  | { readonly type: 'skipped'; readonly reason: string; readonly code?: string; readonly by?: string }
  | { readonly type: 'retried'; readonly by?: string }
)

/** What happened to the operation as a whole, and who asked for it, where somebody did. */
export type OperationEntry = { readonly at: number } & (
  | { readonly type: 'pausing'; readonly reason: string; readonly by?: string }
  | { readonly type: 'cancelling'; readonly reason: string; readonly by?: string }
  /** Nothing is under way any more. */
  | { readonly type: 'paused' }
  | { readonly type: 'resumed'; readonly by?: string }
  | { readonly type: 'throttled'; readonly max_unavailable: Amount; readonly by?: string }
  | { readonly type: 'ended'; readonly status: 'finished' | 'failed' | 'cancelled' }
)

/** Thrown for an entry that cannot follow what was written before: the journal is damaged, or its writer is wrong. */
export class IllegalEntry extends Error {
  override readonly name = 'IllegalEntry'
  readonly code = 'illegal_entry'
}
