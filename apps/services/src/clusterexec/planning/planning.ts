/**
 * Plans an operation: predicts how it would proceed and finds everything that would obstruct it. Changes nothing, neither on
 * hosts nor in storage.
 */
import { Hosts, isOver, Operation, type OperationKindName, OperationLease } from '@commissaire/models'
import { type Forecast, stepsOf } from '@commissaire/rollout'

import { exclusionKey } from '../../shared/mutual-exclusion.ts'
import type { OperationSpec } from '../requests/operation-request.ts'
import { checkFleet, type FleetCheckDeps, type FleetState } from './fleet-checks.ts'
import { forecast } from './forecast.ts'
import { estimatesFor } from './history.ts'
import { type OperationPlan, renderPlan } from './operation-plan.ts'
import { type PlanFinding, planFinding } from './plan-findings.ts'

/** How long a host is assumed to take if its cluster has no history, in milliseconds. */
export const defaultDuration: Readonly<Record<OperationKindName, number>> = {
  upgrade: 10 * 60_000,
  deploy: 10 * 60_000,
  restart: 5 * 60_000,
  exec: 60_000,
  drain: 60 * 60_000,
}

/** Plans an operation within the time given. Hosts that could not be checked in time have a finding that says so. */
export async function planOperation(spec: OperationSpec, deps: FleetCheckDeps): Promise<OperationPlan> {
  const stored = new Map((await deps.storage.list(Hosts)).map((host) => [host.address, host]))
  const fleet = await checkFleet(spec, stored, deps)
  const predicted = await predict(spec, fleet, deps)
  return renderPlan(spec, { ...fleet, forecast: predicted, conflicts: await conflictsOf(spec, deps) })
}

async function predict(
  { kind, cluster, members, policy }: OperationSpec,
  { down }: FleetState,
  { storage, signal }: FleetCheckDeps,
): Promise<Forecast> {
  const history = await estimatesFor(storage, { id: '', kind, cluster })
  const estimate = (address: string) => history(address) ?? defaultDuration[kind]
  const plan = { members, steps: stepsOf(kind), policy }
  const assumptions = { now: Date.now(), down: new Set(down.keys()), estimate, known: history }
  return forecast(plan, assumptions, { signal })
}

/** The operation in progress that excludes this one. */
async function conflictsOf(
  { kind, cluster }: OperationSpec,
  { storage }: FleetCheckDeps,
): Promise<PlanFinding[]> {
  const key = exclusionKey({ id: '', kind, cluster })
  const lease = key && (await storage.find(OperationLease, key))
  const other = lease && (await storage.find(Operation, lease.operation))
  if (!other || isOver(other.status)) return []
  return [planFinding('under_way', `${other.id} is ${other.status} since ${other.started_at}`)]
}
