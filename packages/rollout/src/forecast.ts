/** Forecasts the waves and the end of an operation by simulating it. */
import { decide } from './decide.ts'
import { Rollout, type RolloutPlan } from './rollout.ts'

/** What is assumed on paper: nothing fails. */
export interface Assumptions {
  /** When it begins; milliseconds since 1970. */
  readonly now: number
  readonly down: ReadonlySet<string>
  /** How long a host takes, in milliseconds. */
  readonly estimate: (address: string) => number
  /** What of that is really known, and decides whether a host fits into a window; default all of it. */
  readonly known?: (address: string) => number | undefined
}

/** How an operation would go. */
export interface Forecast {
  /** Hosts in the order in which they would begin, with their times. */
  readonly turns: readonly { readonly address: string; readonly begins: number; readonly ends: number }[]
  /** Hosts that would be left out. */
  readonly leftOut: readonly string[]
  /** When the last host would be done; undefined where it would never get there. */
  readonly endsAt: number | undefined
  /** Why it would stop before its end. */
  readonly stops: string | undefined
}

/** Lets the operation run on paper. */
export function forecast(plan: RolloutPlan, assumptions: Assumptions): Forecast {
  const moves = forecastByMoves(plan, assumptions)
  for (;;) {
    const { done, value } = moves.next()
    if (done) return value
  }
}

/** The same, move by move, for whoever has other things to do meanwhile: ten thousand hosts take seconds. */
export function* forecastByMoves(
  plan: RolloutPlan,
  assumptions: Assumptions,
): Generator<undefined, Forecast> {
  const rollout = new Rollout(plan)
  const { estimate, known = estimate, down } = assumptions
  const turns: { address: string; begins: number; ends: number }[] = []
  const ends: { address: string; at: number }[] = []
  let { now } = assumptions
  for (;;) {
    yield
    const decision = decide(rollout, { now, down, estimate: known })
    for (const address of decision.begin) {
      rollout.applyTo(address, { type: 'begun', at: now })
      const at = now + estimate(address)
      insert(ends, { address, at })
      turns.push({ address, begins: now, ends: at })
    }
    for (const address of decision.skip?.hosts ?? [])
      rollout.applyTo(address, {
        type: 'skipped',
        at: now,
        reason: decision.skip?.reason ?? '',
        code: 'absent',
      })
    const { pause: stops, settle } = decision
    if (settle || stops)
      return { turns, leftOut: [...rollout.in('skipped')], endsAt: stops ? undefined : now, stops }
    if (decision.skip) continue
    const next = ends[0]
    if (next && (decision.lookAgainAt === undefined || next.at <= decision.lookAgainAt)) {
      ends.shift()
      now = next.at
      finish(rollout, next.address, now)
    } else if (decision.lookAgainAt !== undefined) now = decision.lookAgainAt
  }
}

function finish(rollout: Rollout, address: string, at: number): void {
  for (let step = rollout.nextStep(address); step; step = rollout.nextStep(address)) {
    rollout.applyTo(address, { type: 'step_began', step, at })
    rollout.applyTo(address, { type: 'step_done', step, at })
  }
}

function insert(ends: { address: string; at: number }[], end: { address: string; at: number }): void {
  const after = ends.findLastIndex(({ at }) => at <= end.at)
  ends.splice(after + 1, 0, end)
}
