/** Simulates an operation without blocking this process, which has leases to renew meanwhile. */
import { setImmediate as nextTick } from 'node:timers/promises'

import { type Assumptions, type Forecast, forecastByMoves, type RolloutPlan } from '@commissaire/rollout'

/** Milliseconds that the simulation may run before other tasks of this process get their turn. */
const MAX_BLOCK = 20

/** Simulates the operation from its beginning to its end. */
export async function forecast(
  plan: RolloutPlan,
  assumptions: Assumptions,
  { signal }: { signal: AbortSignal },
): Promise<Forecast> {
  const moves = forecastByMoves(plan, assumptions)
  for (let since = performance.now(); ;) {
    const { done, value } = moves.next()
    if (done) return value
    if (performance.now() - since < MAX_BLOCK) continue
    await nextTick(undefined, { signal })
    since = performance.now()
  }
}
