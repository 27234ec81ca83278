/** Findings that follow from the checks of all hosts and the forecast together. */
import { allowance, type Forecast, openUntil } from '@commissaire/rollout'

import type { OperationSpec } from '../requests/operation-request.ts'
import type { FleetState } from './fleet-checks.ts'
import type { HostCheck } from './host-checks.ts'
import { firstFew, planFinding, type PlanFinding } from './plan-findings.ts'

/** Everything that planning found out. */
export interface PlanResults extends FleetState {
  readonly forecast: Forecast
  /** Findings about operations in progress that exclude this one. */
  readonly conflicts: readonly PlanFinding[]
}

/** What the findings of one host depend on. */
export interface HostFacts {
  readonly spec: OperationSpec
  readonly results: PlanResults
  /** The groups of hosts that share a machine id, by address. */
  readonly sharing: ReadonlyMap<string, readonly string[]>
  /** When the host would be worked on; undefined if it would not. */
  readonly period: Forecast['turns'][number] | undefined
}

/** All findings about one host. */
export function findingsOfHost(address: string, facts: HostFacts): PlanFinding[] {
  return [
    ...checkFindings(address, facts.results),
    ...machineIdFindings(address, facts.sharing),
    ...windowFindings(address, facts),
  ]
}

/** All findings about the operation as a whole, the most severe first. */
export function findingsOfOperation(spec: OperationSpec, results: PlanResults): PlanFinding[] {
  const { cluster, members } = spec
  const { stops } = results.forecast
  return [
    ...results.conflicts,
    ...(stops ? [planFinding('stops', stops)] : []),
    ...(members.length === 0 ? [planFinding('no_hosts', `cluster "${cluster}" has no hosts`)] : []),
    ...budgetFindings(spec, results),
    ...uncheckedFindings(spec, results),
  ]
}

/** The groups of hosts that share a machine id, by the address of each host. */
export function hostsSharingMachineId(checks: ReadonlyMap<string, HostCheck>): Map<string, string[]> {
  const known = [...checks].filter(([, { machineId }]) => machineId)
  const byId = Map.groupBy(known, ([, { machineId }]) => machineId)
  const groups = [...byId.values()].map((group) => group.map(([address]) => address))
  return new Map(
    groups.filter(({ length }) => length > 1).flatMap((group) => group.map((one) => [one, group])),
  )
}

/** The time in ISO 8601; empty if there is none. */
export function isoTime(at: number | undefined): string {
  return at === undefined || !Number.isFinite(at) ? '' : new Date(at).toISOString()
}

function checkFindings(address: string, { checks, down }: PlanResults): PlanFinding[] {
  const check = checks.get(address)
  const reason = down.get(address)
  return [
    ...(check?.findings ?? []),
    ...(reason && !check?.isUnavailable ? [planFinding('down', reason, { address })] : []),
    ...(check || reason ? [] : [planFinding('not_looked_at', `${address} was not checked`, { address })]),
  ]
}

function machineIdFindings(address: string, sharing: ReadonlyMap<string, readonly string[]>): PlanFinding[] {
  const others = sharing.get(address)?.filter((other) => other !== address)
  if (!others) return []
  const message = `${address} has the machine id of ${firstFew(others)}`
  return [planFinding('machine_id_shared', message, { address })]
}

function windowFindings(address: string, { spec, results, period }: HostFacts): PlanFinding[] {
  const { policy } = spec
  const { stops } = results.forecast
  if (period) {
    const closes = openUntil(policy, period.begins) ?? Infinity
    if (period.ends <= closes) return []
    const message = `${address} would end at ${isoTime(period.ends)}, and the window closes at ${isoTime(closes)}`
    return [planFinding('window_may_be_too_short', message, { address })]
  }
  if (policy.windows.length === 0 || results.down.has(address) || !stops) return []
  return [planFinding('window_too_short', `${address}: ${stops}`, { address })]
}

function budgetFindings({ members, policy }: OperationSpec, { down }: PlanResults): PlanFinding[] {
  const allowed = allowance({ plan: { members, policy, steps: [] }, throttle: undefined })
  if (down.size === 0 || down.size >= Math.min(allowed, members.length)) return []
  const unavailable = `${firstFew([...down.keys()])} ${down.size === 1 ? 'is' : 'are'} down`
  return [planFinding('fewer_at_a_time', `${unavailable}, and ${allowed} may be unavailable at once`)]
}

function uncheckedFindings({ members }: OperationSpec, { checks, down }: PlanResults): PlanFinding[] {
  const missed = members.map(({ address }) => address).filter((one) => !checks.has(one) && !down.has(one))
  if (missed.length === 0) return []
  const message = `${missed.length} of ${members.length} hosts: ${firstFew(missed)}`
  return [planFinding('not_looked_at', message)]
}
