/**
 * One host in an operation: a small state machine over its part of the journal.
 *
 * A host that fails, or is given back, before anything was done to it takes one way out: it is uncordoned if we cordoned
 * it. After that point it goes through to the end, or stays as it is and is told.
 */
import type { OperationHostState } from '@commissaire/models'

import { type HostEntry, IllegalEntry } from './journal.ts'
import { changesHost, type StepName } from './steps.ts'

/** How a host on its way out will have ended. */
interface WayOut {
  readonly state: 'waiting' | 'failed' | 'untouched'
  readonly reason: string
}

/** How far one host is. */
export interface HostProgress {
  readonly state: OperationHostState
  /** The steps that are done, in their order. */
  readonly done: readonly StepName[]
  /** The step that was begun and has not ended. */
  readonly began: StepName | undefined
  /** What steps noted, by step. */
  readonly notes: Readonly<Partial<Record<StepName, unknown>>>
  /** Whether something was begun that changes the host itself. */
  readonly isTouched: boolean
  /** Whether a cordon of ours may be on its node. */
  readonly mayBeCordoned: boolean
  readonly wayOut: WayOut | undefined
  /** Why it failed or was left out. */
  readonly reason: string
  /** What kind of failure that was, by its code. */
  readonly code: string
  /** The step that failed. */
  readonly failedAt: StepName | undefined
  /** How often it had a turn. */
  readonly turns: number
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
}

/** A host that nothing was done to. */
export const untouched: HostProgress = {
  state: 'waiting',
  done: [],
  began: undefined,
  notes: {},
  isTouched: false,
  mayBeCordoned: false,
  wayOut: undefined,
  reason: '',
  code: '',
  failedAt: undefined,
  turns: 0,
  startedAt: undefined,
  endedAt: undefined,
}

/** The step that is to be done next, or to be gone on with; undefined when there is none. */
export function nextStep(progress: HostProgress, steps: readonly StepName[]): StepName | undefined {
  if (progress.state !== 'working') return undefined
  if (progress.began) return progress.began
  return remaining(progress, steps)[0]
}

/** What the host is after that entry. Throws `IllegalEntry` where it cannot follow. */
export function advance(progress: HostProgress, entry: HostEntry, steps: readonly StepName[]): HostProgress {
  const after = moves[entry.type](progress, entry as never, steps)
  if (after) return after
  const step = 'step' in entry ? ` of step "${entry.step}"` : ''
  const at = progress.began ? ` in step "${progress.began}"` : ''
  throw new IllegalEntry(`"${entry.type}"${step} cannot follow: the host is ${progress.state}${at}`)
}

/** Whether a host may be let go of as it was found. */
export function mayTurnBack({ state, isTouched, wayOut }: HostProgress): boolean {
  return state === 'working' && !isTouched && !wayOut
}

/** Whether a host has come to an end. */
export function isEnd(state: OperationHostState): boolean {
  return state !== 'waiting' && state !== 'working'
}

type Of<Type extends HostEntry['type']> = Extract<HostEntry, { type: Type }>

/** What each kind of entry makes of a host; undefined where it cannot follow. */
const moves: {
  readonly [Type in HostEntry['type']]: (
    progress: HostProgress,
    entry: Of<Type>,
    steps: readonly StepName[],
  ) => HostProgress | undefined
} = {
  begun: (progress, { at }) =>
    progress.state === 'waiting'
      ? { ...progress, state: 'working', reason: '', turns: progress.turns + 1, startedAt: at }
      : undefined,
  step_began: (progress, { step }, steps) =>
    nextStep(progress, steps) === step ? stepBegan(progress, step) : undefined,
  step_noted: (progress, { step, note }) =>
    progress.began === step ? { ...progress, notes: { ...progress.notes, [step]: note } } : undefined,
  step_done: (progress, entry, steps) =>
    progress.began === entry.step ? stepDone(progress, entry, steps) : undefined,
  step_failed: (progress, entry, steps) =>
    progress.began === entry.step ? stepFailed(progress, entry, steps) : undefined,
  turned_back: (progress, { at, to, reason }, steps) => {
    if (mayTurnBack(progress))
      return leave({ ...progress, began: undefined }, { state: to, reason }, { at, steps })
    return progress.state === 'waiting' && to === 'untouched' ? unturned(progress, { reason, at }) : undefined
  },
  skipped: (progress, { at, reason, code = '' }) =>
    progress.state === 'waiting' || progress.state === 'failed'
      ? ended({ ...progress, code }, 'skipped', { reason, at })
      : undefined,
  retried: (progress) => (progress.state === 'failed' ? again(progress) : undefined),
}

function stepBegan(progress: HostProgress, step: StepName): HostProgress {
  return {
    ...progress,
    began: step,
    isTouched: progress.isTouched || changesHost(step),
    mayBeCordoned: progress.mayBeCordoned || step === 'cordon',
  }
}

function stepDone(
  progress: HostProgress,
  { at, step, note }: Of<'step_done'>,
  steps: readonly StepName[],
): HostProgress {
  const after = {
    ...progress,
    began: undefined,
    done: [...progress.done, step],
    notes: note === undefined ? progress.notes : { ...progress.notes, [step]: note },
    mayBeCordoned: progress.mayBeCordoned && step !== 'uncordon',
  }
  if (after.wayOut) return leave(after, after.wayOut, { at, steps })
  if (remaining(after, steps).length > 0) return after
  return ended({ ...after, code: '', failedAt: undefined }, 'done', { reason: '', at })
}

/** What fails on the way out ends there: it says both, why it had to leave and what went wrong then. */
function stepFailed(
  progress: HostProgress,
  { at, step, reason, code = '' }: Of<'step_failed'>,
  steps: readonly StepName[],
): HostProgress {
  const after = {
    ...progress,
    began: undefined,
    failedAt: progress.failedAt ?? step,
    code: progress.code || code,
  }
  if (after.wayOut)
    return ended(after, 'failed', { reason: `${after.wayOut.reason}; then ${step}: ${reason}`, at })
  if (after.isTouched) return ended(after, 'failed', { reason, at })
  return leave(after, { state: 'failed', reason }, { at, steps })
}

interface Moment {
  readonly at: number
  readonly steps: readonly StepName[]
}

/** Takes the way out; where nothing is left to be undone that is its end. */
function leave(progress: HostProgress, wayOut: WayOut, { at, steps }: Moment): HostProgress {
  const leaving = { ...progress, wayOut }
  const { state, reason } = wayOut
  if (remaining(leaving, steps).length > 0) return leaving
  return state === 'waiting'
    ? { ...untouched, turns: progress.turns, reason }
    : ended(leaving, state, { reason, at })
}

function ended(
  progress: HostProgress,
  state: OperationHostState,
  { reason, at }: { reason: string; at: number },
): HostProgress {
  return { ...progress, state, reason, wayOut: undefined, endedAt: at }
}

/** The steps that are still to be done; on the way out only what takes a cordon back. */
function remaining({ done, wayOut, mayBeCordoned }: HostProgress, steps: readonly StepName[]): StepName[] {
  if (wayOut) return mayBeCordoned ? ['uncordon'] : []
  return steps.filter((step) => !done.includes(step))
}

/** It has no turn any more. One that failed before and was to be retried is as broken as it was. */
function unturned(progress: HostProgress, { reason, at }: { reason: string; at: number }): HostProgress {
  const state = progress.isTouched || progress.mayBeCordoned ? 'failed' : 'untouched'
  return ended(progress, state, { reason, at })
}

/** To wait for another turn. What is done stays done but for the lock; what was undone on the way out is done anew. */
function again({ isTouched, mayBeCordoned, done, notes, turns }: HostProgress): HostProgress {
  if (!isTouched) return { ...untouched, mayBeCordoned, turns }
  return {
    ...untouched,
    done: done.filter((step) => step !== 'lock'),
    notes,
    isTouched,
    mayBeCordoned,
    turns,
  }
}
