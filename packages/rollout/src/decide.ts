/**
 * What an operation does next: which hosts begin, which are given back, whether it pauses, waits or ends.
 *
 * A host is away while it is worked on or rests, when it failed after something was done to it, and when somebody sees
 * it down. No more may be away than the policy allows, so hosts that a bad change breaks use up the allowance and the
 * change stops by itself.
 */
import { amountOf } from './amount.ts'
import { mayTurnBack } from './host-progress.ts'
import { begunAtMost } from './ramp.ts'
import type { Rollout } from './rollout.ts'
import { nextOpening, openUntil } from './windows.ts'

/** How things are outside the operation. */
export interface Situation {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Hosts of the fleet that are not well, whatever the reason. */
  readonly down: ReadonlySet<string>
  /** How long the work on a host will take, in milliseconds; undefined where nothing is known. */
  readonly estimate?: (address: string) => number | undefined
}

/** What is to be done. Whatever is not there is not to be done. */
export interface Decision {
  /** Hosts whose turn it is. */
  readonly begin: readonly string[]
  /** Hosts that are let go of before anything is done to them. */
  readonly turnBack?: { readonly hosts: readonly string[]; readonly to: 'waiting' | 'untouched' }
  /** Hosts that will not have a turn, and why. */
  readonly skip?: { readonly hosts: readonly string[]; readonly reason: string }
  /** The operation is to pause, and why. */
  readonly pause?: string
  /** Nothing is under way any more, and it is paused, or over. */
  readonly settle?: 'paused' | 'finished' | 'failed' | 'cancelled'
  /** Why nothing begins now. */
  readonly waiting?: string
  /** When to look again although nothing happened; milliseconds since 1970. */
  readonly lookAgainAt?: number
}

/** Decides. Reads the operation and changes nothing. */
export function decide(rollout: Rollout, situation: Situation): Decision {
  const { status } = rollout
  if (status === 'in_process') return goOn(rollout, situation)
  if (status === 'pausing') return wind(rollout, { to: 'waiting', settle: 'paused' })
  if (status === 'cancelling') return wind(rollout, { to: 'untouched', settle: 'cancelled' })
  return nothing
}

const nothing: Decision = { begin: [] }

/** What is under way comes to its end: forward where something was done, back where not. */
function wind(
  rollout: Rollout,
  { to, settle }: { to: 'waiting' | 'untouched'; settle: 'paused' | 'cancelled' },
): Decision {
  const working = rollout.in('working')
  // An operation that is over has no host that still waits.
  const waiting = to === 'untouched' ? rollout.in('waiting') : []
  const hosts = [...[...working].filter((address) => mayTurnBack(rollout.progress(address))), ...waiting]
  if (hosts.length > 0) return { begin: [], turnBack: { hosts, to } }
  return working.size === 0 ? { begin: [], settle } : nothing
}

function goOn(rollout: Rollout, situation: Situation): Decision {
  if (rollout.in('waiting').size === 0)
    return rollout.in('working').size === 0 ? { begin: [], settle: outcome(rollout) } : nothing
  const tooMany = failuresBeyond(rollout)
  if (tooMany) return { begin: [], pause: tooMany }
  const open = openUntil(rollout.plan.policy, situation.now)
  if (open === undefined) return closed(rollout, situation)
  return begin(rollout, situation, open)
}

/** Who skips a host by hand wants it so; one that was absent was not done, and that is told. */
function outcome(rollout: Rollout): 'finished' | 'failed' {
  const absent = [...rollout.in('skipped')].some((address) => rollout.progress(address).code === 'absent')
  return absent || rollout.in('failed').size > 0 ? 'failed' : 'finished'
}

function failuresBeyond(rollout: Rollout): string | undefined {
  const { policy, members } = rollout.plan
  const { resumedAt } = rollout
  const failed = [...rollout.in('failed')].filter((host) => (rollout.progress(host).endedAt ?? 0) > resumedAt)
  if (failed.length === 0 || failed.length <= amountOf(policy.max_failures, members.length)) return undefined
  const last = failed.at(-1) ?? ''
  const found = `${failed.length} of ${members.length} hosts failed, and max_failures is ${policy.max_failures}`
  return `${found}; ${last}: ${rollout.progress(last).reason}`
}

function closed(rollout: Rollout, { now }: Situation): Decision {
  const lookAgainAt = nextOpening(rollout.plan.policy, now)
  if (lookAgainAt === undefined) return { begin: [], pause: 'no maintenance window opens any more' }
  return { begin: [], waiting: `waits for a window, which opens at ${time(lookAgainAt)}`, lookAgainAt }
}

function begin(rollout: Rollout, situation: Situation, open: number): Decision {
  const asleep = onlyAsleep(rollout, situation)
  if (asleep) return { begin: [], skip: { hosts: asleep, reason: 'it was down when its turn came' } }
  const room = roomIn(rollout, situation)
  if (room.slots <= 0) return full(rollout, situation, room)
  const { chosen, shortest } = choose(rollout, situation, { slots: room.slots, open })
  if (chosen.length > 0 || rollout.in('working').size > 0)
    return { begin: chosen, ...(room.restUntil && { lookAgainAt: room.restUntil }) }
  return shortest === undefined ? nothing : notBeforeNext(rollout, situation, { open, shortest })
}

/** The hosts that are left, where all of them are down and nothing of ours is under way any more. */
function onlyAsleep(rollout: Rollout, { down }: Situation): string[] | undefined {
  const waiting = rollout.in('waiting')
  if (rollout.in('working').size > 0 || waiting.size > down.size) return undefined
  return [...waiting].every((address) => down.has(address)) ? [...waiting] : undefined
}

interface Room {
  /** How many may begin now. */
  readonly slots: number
  /** Hosts outside our work that are away. */
  readonly away: readonly string[]
  readonly restUntil: number | undefined
}

/** How many hosts may begin: what the allowance and the present wave leave. */
function roomIn(rollout: Rollout, { now, down }: Situation): Room {
  const working = rollout.in('working')
  const resting = restingUntil(rollout, now)
  const away = [...down].filter((address) => rollout.has(address) && !working.has(address))
  const broken = [...rollout.in('failed')].filter(
    (address) => rollout.progress(address).isTouched && !down.has(address),
  )
  const total = rollout.plan.members.length
  const begun = total - rollout.in('waiting').size
  const ended = begun - working.size - resting.length
  const inWave = begunAtMost(rollout.plan.policy.ramp, { ended, total }) - begun
  const allowed = allowance(rollout) - working.size - resting.length - away.length - broken.length
  return {
    slots: Math.min(inWave, allowed),
    away: [...away, ...broken],
    restUntil: resting.length > 0 ? Math.min(...resting) : undefined,
  }
}

/** How many hosts may be away at once. */
export function allowance({
  plan: { policy, members },
  throttle,
}: Pick<Rollout, 'plan' | 'throttle'>): number {
  const wanted = throttle ?? policy.max_unavailable
  if (wanted !== undefined) return amountOf(wanted, members.length)
  return Math.max(1, ...policy.ramp.map((size) => amountOf(size, members.length)))
}

/** Until when each host that has ended a moment ago still rests. */
function restingUntil(rollout: Rollout, now: number): number[] {
  const rest = rollout.plan.policy.pause_between * 1000
  if (rest === 0) return []
  return [...rollout.in('done')]
    .slice(-allowance(rollout))
    .map((address) => (rollout.progress(address).endedAt ?? 0) + rest)
    .filter((until) => until > now)
}

/** Nothing may begin. Where nothing of ours is under way that could change it, somebody else must, or the operation pauses. */
function full(rollout: Rollout, { now }: Situation, { away, restUntil }: Room): Decision {
  if (rollout.in('working').size > 0) return nothing
  if (restUntil !== undefined)
    return { begin: [], waiting: 'lets the last host rest', lookAgainAt: restUntil }
  const { patience } = rollout.plan.policy
  const pausesAt = rollout.lastEntryAt + patience * 1000
  const reason = `max_unavailable allows ${allowance(rollout)} away, and ${some(away)} ${away.length === 1 ? 'is' : 'are'}`
  if (now >= pausesAt || allowance(rollout) === 0) return { begin: [], pause: reason }
  return { begin: [], waiting: reason, lookAgainAt: pausesAt }
}

interface Choice {
  readonly chosen: readonly string[]
  /** The shortest time, in milliseconds, that a host would take whose work would not end before the window closes. */
  readonly shortest: number | undefined
}

function choose(
  rollout: Rollout,
  { now, down, estimate }: Situation,
  { slots, open }: { slots: number; open: number },
): Choice {
  const chosen: string[] = []
  let shortest: number | undefined
  for (const address of rollout.in('waiting')) {
    if (chosen.length >= slots) break
    if (mustBeAlone(rollout, address) && (chosen.length > 0 || rollout.in('working').size > 0)) break
    if (down.has(address)) continue
    const takes = estimate?.(address) ?? 0
    if (now + takes > open) shortest = Math.min(shortest ?? Infinity, takes)
    else chosen.push(address)
    if (mustBeAlone(rollout, address) && chosen.length > 0) break
  }
  return { chosen, shortest }
}

/** Of the control plane one at a time, after all others, or its disruption budgets stand in each other's way. */
function mustBeAlone(rollout: Rollout, address: string): boolean {
  return rollout.plan.policy.control_plane === 'last' && rollout.member(address).isControlPlane
}

function notBeforeNext(
  rollout: Rollout,
  { now }: Situation,
  { open, shortest }: { open: number; shortest: number },
): Decision {
  const { policy } = rollout.plan
  const longest = Math.max(...policy.windows.map(({ minutes }) => minutes * 60_000))
  if (policy.windows.length > 0 && longest < shortest)
    return {
      begin: [],
      pause: `no window is long enough: a host takes ${Math.ceil(shortest / 60_000)} minutes`,
    }
  const next = nextOpening(policy, open)
  const reason = `no host would be done before the window closes at ${time(open)}`
  if (next === undefined) return { begin: [], pause: `${reason}, and none opens after it` }
  return { begin: [], waiting: reason, lookAgainAt: Math.max(next, now + 1000) }
}

function some(addresses: readonly string[]): string {
  const more = addresses.length - 3
  return `${addresses.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function time(at: number): string {
  return new Date(at).toISOString()
}
