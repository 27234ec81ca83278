/** Whether an API server could not be asked, which passes: it restarts, or the host that it runs on is the one rebooted. */
import { setTimeout as pause } from 'node:timers/promises'

import { reasonOf } from '../../shared/failure-reason.ts'
import { drainIfLoaded } from './kubernetes-client.ts'
import type { StepContext, Step } from '../host-steps/step-context.ts'
import { StepError } from '../host-steps/step-error.ts'

/** Milliseconds between tries. */
const INTERVAL = 1000

/** True for trouble on the way, and for a server that says of itself that it cannot; false for what it refuses. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'DrainError') return false
  const status = 'code' in error && typeof error.code === 'number' ? error.code : undefined
  return status === undefined || status === 429 || status >= 500
}

/** Asks again and again while the API server cannot be asked, for as long as a host has to become well. */
export async function retryOutages<T>(
  { operation, signal, report }: StepContext,
  ask: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + operation.policy.health.within * 1000
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      signal.throwIfAborted()
      if (!isOutage(error) || performance.now() > deadline) throw error
      report(`waits for the API server: ${describeFailure(error)}`)
      await pause(INTERVAL, undefined, { signal })
    }
  }
}

/** The step, whose failure says what the API server said and not how it said it. */
export function withApiErrors(work: Step): Step {
  return async (context) => {
    try {
      return await work(context)
    } catch (error) {
      if (isErrorResponse(error)) throw new StepError('api_refused', describeFailure(error), { cause: error })
      throw isNetworkError(error)
        ? new StepError('api_unreachable', describeFailure(error), { cause: error })
        : error
    }
  }
}

/** What went wrong with an API server, in a sentence. */
export function describeFailure(error: unknown): string {
  if (!isErrorResponse(error) && !isNetworkError(error)) return reasonOf(error)
  return `the API server: ${drainIfLoaded()?.refusalOf(error).message ?? reasonOf(error)}`
}

/** What the official client throws for an answer that is none of success. */
function isErrorResponse(error: unknown): boolean {
  return error instanceof Error && 'body' in error && 'code' in error && typeof error.code === 'number'
}

/** What `fetch` throws when nobody answers. */
function isNetworkError(error: unknown): boolean {
  return error instanceof TypeError && error.cause !== undefined
}
