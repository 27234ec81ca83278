/** Whether an API server could not be asked, which passes: it restarts, or the host that it runs on is the one rebooted. */
import { setTimeout as pause } from 'node:timers/promises'

import { reasonOf } from '../../shared/failure-reason.ts'
import { drainIfLoaded } from './kubernetes-client.ts'
import type { Site, StepWork } from '../host-steps/step-context.ts'
import { StepError } from '../host-steps/step-error.ts'

/** Milliseconds between tries. */
const LOOK = 1000

/** True for trouble on the way, and for a server that says of itself that it cannot; false for what it refuses. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'DrainError') return false
  const status = 'code' in error && typeof error.code === 'number' ? error.code : undefined
  return status === undefined || status === 429 || status >= 500
}

/** Asks again and again while the API server cannot be asked, for as long as a host has to become well. */
export async function despiteOutages<T>({ operation, signal, say }: Site, ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + operation.policy.health.within * 1000
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      signal.throwIfAborted()
      if (!isOutage(error) || performance.now() > deadline) throw error
      say(`waits for the API server: ${saidBy(error)}`)
      await pause(LOOK, undefined, { signal })
    }
  }
}

/** The step, whose failure says what the API server said and not how it said it. */
export function tellingRefusals(work: StepWork): StepWork {
  return async (site) => {
    try {
      return await work(site)
    } catch (error) {
      if (isAnswer(error)) throw new StepError('api_refused', saidBy(error), { cause: error })
      throw isSilence(error) ? new StepError('api_unreachable', saidBy(error), { cause: error }) : error
    }
  }
}

/** What went wrong with an API server, in a sentence. */
export function saidBy(error: unknown): string {
  if (!isAnswer(error) && !isSilence(error)) return reasonOf(error)
  return `the API server: ${drainIfLoaded()?.refusalOf(error).message ?? reasonOf(error)}`
}

/** What the official client throws for an answer that is none of success. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && 'body' in error && 'code' in error && typeof error.code === 'number'
}

/** What `fetch` throws when nobody answers. */
function isSilence(error: unknown): boolean {
  return error instanceof TypeError && error.cause !== undefined
}
