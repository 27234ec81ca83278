/**
 * When the work on an operation stops. The reason of each signal is the error that an interrupted step ends with:
 * `OperationLost` or `RunnerStopped`.
 */
import { changesHost, type StepName } from '@commissaire/rollout'

/** The signals of a worker, from the mildest to the strongest. Each one includes the stronger ones. */
export interface StopSignals {
  /** No further step begins; steps in progress end normally. */
  readonly afterStep: AbortSignal
  /** Steps are interrupted, except those that change a host, which must not be left half done. */
  readonly interrupt: AbortSignal
  /** All steps are interrupted. */
  readonly kill: AbortSignal
}

/** Thrown when the work on one host is stopped: its step is neither done nor failed. */
export class RunnerStopped extends Error {
  override readonly name = 'RunnerStopped'
}

/** Composes the signals of an operation from those of its worker's process and of its lease. */
export function stopSignals({
  afterStep,
  kill,
  lease,
}: Pick<StopSignals, 'afterStep' | 'kill'> & { readonly lease: AbortSignal }): StopSignals {
  const interrupt = AbortSignal.any([kill, lease])
  return { afterStep: AbortSignal.any([afterStep, interrupt]), interrupt, kill }
}

/** The one signal that interrupts a step. `runner` is aborted when the work on its host is stopped. */
export function stepSignal(
  step: StepName,
  stops: StopSignals,
  { runner, timeout }: { readonly runner: AbortSignal; readonly timeout: AbortSignal },
): AbortSignal {
  return AbortSignal.any(changesHost(step) ? [stops.kill, timeout] : [stops.interrupt, runner, timeout])
}
