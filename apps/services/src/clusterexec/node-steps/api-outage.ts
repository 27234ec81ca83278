/** Errors of API servers. An outage passes: the server restarts, or runs on the host that is being rebooted. */
import { setTimeout as pause } from 'node:timers/promises'

import { reasonOf } from '../../shared/failure-reason.ts'
import { drainIfLoaded } from './kubernetes-client.ts'
import type { StepContext, Step } from '../host-steps/step-context.ts'
import { StepError } from '../host-steps/step-error.ts'

/** Milliseconds between two attempts. */
const INTERVAL = 1000

/** True for network errors and for responses that say that the server is unavailable; false for refusals. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'DrainError') return false
  const status = 'code' in error && typeof error.code === 'number' ? error.code : undefined
  return status === undefined || status === 429 || status >= 500
}

/** Repeats a request during an outage, for as long as a host may take to become healthy. */
export async function retryOutages<T>(
  { operation, signal, report }: StepContext,
  request: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + operation.policy.health.within * 1000
  for (;;) {
    try {
      return await request()
    } catch (error) {
      signal.throwIfAborted()
      if (!isOutage(error) || performance.now() > deadline) throw error
      report(`waits for the API server: ${describeFailure(error)}`)
      await pause(INTERVAL, undefined, { signal })
    }
  }
}

/** Wraps a step so that errors of the API server become StepErrors with a readable message. */
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

/** Describes an error of an API server in a sentence. */
export function describeFailure(error: unknown): string {
  if (!isErrorResponse(error) && !isNetworkError(error)) return reasonOf(error)
  return `the API server: ${drainIfLoaded()?.refusalOf(error).message ?? reasonOf(error)}`
}

/** Whether the official client threw the error for a response without success. */
function isErrorResponse(error: unknown): boolean {
  return error instanceof Error && 'body' in error && 'code' in error && typeof error.code === 'number'
}

/** Whether `fetch` threw the error because there was no response. */
function isNetworkError(error: unknown): boolean {
  return error instanceof TypeError && error.cause !== undefined
}
