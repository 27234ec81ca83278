/**
 * How an operation would go, and everything that will be in its way, found before anything is touched. Hosts are asked
 * many at a time and each for a limited time; what there was no time for is told as such.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

import {
  Hosts,
  isOver,
  Operation,
  OperationLease,
  type Host,
  type OperationKindName,
} from '@commissaire/models'
import {
  allowance,
  type Assumptions,
  type Forecast,
  forecastByMoves,
  openUntil,
  type RolloutPlan,
  stepsOf,
} from '@commissaire/rollout'

import { unavailableReason } from '../driving/availability.ts'
import { ClusterNodes } from '../node-steps/cluster-nodes.ts'
import { estimatesFor } from './history.ts'
import { type HostCheckDeps, type HostCheck, checkHost } from './host-checks.ts'
import { planFinding, type PlanFinding, firstFew } from './plan-findings.ts'
import { exclusionKey } from '../../shared/mutual-exclusion.ts'
import type { OperationSpec } from '../requests/operation-request.ts'

/** How one host would have its turn. Times are empty for a host that would have none. */
export interface PlannedHost {
  readonly address: string
  readonly zone: string
  readonly begins: string
  readonly ends: string
  readonly findings: readonly PlanFinding[]
}

/** How an operation would go. */
export interface OperationPlan {
  readonly kind: OperationKindName
  readonly cluster: string
  /** In the order of their turns. */
  readonly hosts: readonly PlannedHost[]
  readonly left_out: readonly { readonly address: string; readonly reason: string }[]
  /** What is about the operation as a whole. */
  readonly findings: readonly PlanFinding[]
  /** When it would be done; empty where it would not get there. */
  readonly ends_at: string
  /** Why it would stop before its end although nothing fails; empty where it would not. */
  readonly stops: string
}

/** What planning takes. */
export type PlanningDeps = Pick<HostCheckDeps, 'storage' | 'access'> & {
  /** Milliseconds that it may take. */
  readonly within: number
  /** Ends it: nobody waits for it any more. */
  readonly signal: AbortSignal
}

/** Milliseconds that an API server may take for one node. */
const LONGEST_NODE = 20_000

/** Hosts that are looked at at a time. */
const AT_ONCE = 32

/** How long a host is taken to need where none of its cluster was done before, in milliseconds. */
export const usualTime: Readonly<Record<OperationKindName, number>> = {
  upgrade: 10 * 60_000,
  deploy: 10 * 60_000,
  restart: 5 * 60_000,
  exec: 60_000,
  drain: 60 * 60_000,
}

/** Plans. Touches nothing, neither on hosts nor in storage. */
export async function planOperation(plan: OperationSpec, deps: PlanningDeps): Promise<OperationPlan> {
  const known = new Map((await deps.storage.list(Hosts)).map((host) => [host.address, host]))
  const outlooks = await lookAtAll(plan, known, deps)
  const down = downOf(plan, known, outlooks)
  const history = await estimatesFor(deps.storage, { id: '', kind: plan.kind, cluster: plan.cluster })
  const estimate = (address: string) => history(address) ?? usualTime[plan.kind]
  const paper = { members: plan.members, steps: stepsOf(plan.kind), policy: plan.policy }
  const assumptions = { now: Date.now(), down: new Set(down.keys()), estimate, known: history }
  const seen = await forecast(paper, assumptions, deps)
  return told(plan, {
    outlooks,
    down,
    seen,
    underWay: await underWay(plan, deps),
  })
}

/** Lets the operation run on paper without keeping this process, which has leases to renew, from everything else. */
async function forecast(
  plan: RolloutPlan,
  assumptions: Assumptions,
  { signal }: { signal: AbortSignal },
): Promise<Forecast> {
  const moves = forecastByMoves(plan, assumptions)
  for (let since = performance.now(); ;) {
    const { done, value } = moves.next()
    if (done) return value
    if (performance.now() - since < LONGEST_BLOCK) continue
    await nextTurn(undefined, { signal })
    since = performance.now()
  }
}

/** Milliseconds for which nothing else goes on in this process. */
const LONGEST_BLOCK = 20

/** Milliseconds that a host takes on paper, where there are many. */
const PAPER_TIME = 0.4

/** Those that there was time for. */
async function lookAtAll(
  plan: OperationSpec,
  known: ReadonlyMap<string, Host>,
  { storage, access, within, signal }: PlanningDeps,
): Promise<Map<string, HostCheck>> {
  const time = AbortSignal.timeout(Math.ceil(Math.max(within / 4, within - plan.members.length * PAPER_TIME)))
  await using nodes = new ClusterNodes(storage, plan.cluster)
  const nodeTime = Math.min(LONGEST_NODE, within / 2)
  const look = { plan, storage, access, nodes, nodeTime, signal: AbortSignal.any([signal, time]) }
  const outlooks = new Map<string, HostCheck>()
  const waiting = plan.members.values()
  const lookAtNext = async () => {
    for (const { address } of waiting) {
      const host = known.get(address)
      if (time.aborted) return
      if (host) outlooks.set(address, await checkHost(host, look))
    }
  }
  const looking = Array.from({ length: AT_ONCE }, () =>
    lookAtNext().catch((error: unknown) => {
      signal.throwIfAborted()
      if (!time.aborted) throw error
    }),
  )
  await Promise.all(looking)
  return outlooks
}

/** Hosts that would not have their turn, and why: as it is stored of them, or as they were seen just now. */
function downOf(
  { members }: OperationSpec,
  known: ReadonlyMap<string, Host>,
  outlooks: ReadonlyMap<string, HostCheck>,
): Map<string, string> {
  const down = new Map<string, string>()
  for (const { address } of members) {
    const seen = outlooks.get(address)
    const why =
      unavailableReason(known.get(address)) || (seen?.isUnavailable ? (seen.findings[0]?.message ?? '') : '')
    if (why) down.set(address, why)
  }
  return down
}

/** The operation because of which this one would be refused. */
async function underWay({ kind, cluster }: OperationSpec, { storage }: PlanningDeps): Promise<PlanFinding[]> {
  const slot = exclusionKey({ id: '', kind, cluster })
  const lease = slot && (await storage.find(OperationLease, slot))
  const other = lease && (await storage.find(Operation, lease.operation))
  if (!other || isOver(other.status)) return []
  return [planFinding('under_way', `${other.id} is ${other.status} since ${other.started_at}`)]
}

interface Seen {
  readonly outlooks: ReadonlyMap<string, HostCheck>
  readonly down: ReadonlyMap<string, string>
  readonly seen: Forecast
  readonly underWay: readonly PlanFinding[]
}

function told(plan: OperationSpec, all: Seen): OperationPlan {
  const { kind, cluster, members } = plan
  const { turns, leftOut, endsAt, stops = '' } = all.seen
  const turnOf = new Map(turns.map((turn) => [turn.address, turn]))
  const twins = machineIds(all.outlooks)
  const hosts = members
    .filter(({ address }) => !leftOut.includes(address))
    .map(({ address, zone }) => {
      const turn = turnOf.get(address)
      const findings = [
        ...hostFindings(address, all),
        ...twinFindings(address, twins),
        ...windowFindings(plan, address, { turn, all }),
      ]
      return { address, zone, begins: iso(turn?.begins), ends: iso(turn?.ends), findings }
    })
  const left_out = leftOut.map((address) => ({ address, reason: all.down.get(address) ?? 'it is down' }))
  return { kind, cluster, hosts, left_out, findings: wholeFindings(plan, all), ends_at: iso(endsAt), stops }
}

function hostFindings(address: string, { outlooks, down }: Seen): PlanFinding[] {
  const outlook = outlooks.get(address)
  const why = down.get(address)
  return [
    ...(outlook?.findings ?? []),
    ...(why && !outlook?.isUnavailable ? [planFinding('down', why, { address })] : []),
    ...(outlook || why ? [] : [planFinding('not_looked_at', `${address} was not looked at`, { address })]),
  ]
}

function machineIds(outlooks: ReadonlyMap<string, HostCheck>): Map<string, string[]> {
  const known = [...outlooks].filter(([, { machineId }]) => machineId)
  const byId = Map.groupBy(known, ([, { machineId }]) => machineId)
  const shared = [...byId.values()].map((group) => group.map(([address]) => address))
  return new Map(
    shared.filter(({ length }) => length > 1).flatMap((group) => group.map((one) => [one, group])),
  )
}

function twinFindings(address: string, twins: ReadonlyMap<string, readonly string[]>): PlanFinding[] {
  const others = twins.get(address)?.filter((other) => other !== address)
  if (!others) return []
  return [
    planFinding('machine_id_shared', `${address} has the machine id of ${firstFew(others)}`, { address }),
  ]
}

function windowFindings(
  { policy }: OperationSpec,
  address: string,
  { turn, all }: { turn: Forecast['turns'][number] | undefined; all: Seen },
): PlanFinding[] {
  if (turn) {
    const closes = openUntil(policy, turn.begins) ?? Infinity
    if (turn.ends <= closes) return []
    const message = `${address} would be done at ${iso(turn.ends)}, and the window closes at ${iso(closes)}`
    return [planFinding('window_may_be_too_short', message, { address })]
  }
  if (policy.windows.length === 0 || all.down.has(address) || !all.seen.stops) return []
  return [planFinding('window_too_short', `${address}: ${all.seen.stops}`, { address })]
}

/** What is about no host alone, the worst first. */
function wholeFindings(plan: OperationSpec, { outlooks, down, seen, underWay: others }: Seen): PlanFinding[] {
  const { members, policy } = plan
  const missed = members.map(({ address }) => address).filter((one) => !outlooks.has(one) && !down.has(one))
  const allowed = allowance({ plan: { members, policy, steps: [] }, throttle: undefined })
  const [unavailable, of] = [
    `${firstFew([...down.keys()])} ${down.size === 1 ? 'is' : 'are'} down`,
    `${allowed} may be away`,
  ]
  return [
    ...others,
    ...(seen.stops ? [planFinding('stops', seen.stops)] : []),
    ...(members.length === 0 ? [planFinding('no_hosts', `cluster "${plan.cluster}" has no hosts`)] : []),
    ...(down.size > 0 && down.size < Math.min(allowed, members.length)
      ? [planFinding('fewer_at_a_time', `${unavailable}, and ${of} at once`)]
      : []),
    ...(missed.length > 0
      ? [planFinding('not_looked_at', `${missed.length} of ${members.length} hosts: ${firstFew(missed)}`)]
      : []),
  ]
}

function iso(at: number | undefined): string {
  return at === undefined || !Number.isFinite(at) ? '' : new Date(at).toISOString()
}
