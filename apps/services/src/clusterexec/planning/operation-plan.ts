/** The plan of an operation as callers receive it, rendered from the results of planning. */
import type { OperationKindName } from '@commissaire/models'

import type { OperationSpec } from '../requests/operation-request.ts'
import {
  findingsOfHost,
  findingsOfOperation,
  hostsSharingMachineId,
  isoTime,
  type PlanResults,
} from './derived-findings.ts'
import type { PlanFinding } from './plan-findings.ts'

/** One host of a plan. The times are empty if the operation would not get to the host. */
export interface PlannedHost {
  readonly address: string
  readonly zone: string
  readonly begins: string
  readonly ends: string
  readonly findings: readonly PlanFinding[]
}

/** How an operation would proceed. */
export interface OperationPlan {
  readonly kind: OperationKindName
  readonly cluster: string
  /** In the order in which they would be worked on. */
  readonly hosts: readonly PlannedHost[]
  readonly left_out: readonly { readonly address: string; readonly reason: string }[]
  /** Findings about the operation as a whole. */
  readonly findings: readonly PlanFinding[]
  /** When the operation would end; empty if it would stop before. */
  readonly ends_at: string
  /** Why it would stop before its end although no host fails; empty if it would not. */
  readonly stops: string
}

/** Renders the plan, with all hosts in order and all findings. */
export function renderPlan(spec: OperationSpec, results: PlanResults): OperationPlan {
  const { leftOut, endsAt, stops = '' } = results.forecast
  return {
    kind: spec.kind,
    cluster: spec.cluster,
    hosts: plannedHosts(spec, results),
    left_out: leftOut.map((address) => ({ address, reason: results.down.get(address) ?? 'it is down' })),
    findings: findingsOfOperation(spec, results),
    ends_at: isoTime(endsAt),
    stops,
  }
}

function plannedHosts(spec: OperationSpec, results: PlanResults): PlannedHost[] {
  const { turns, leftOut } = results.forecast
  const periods = new Map(turns.map((turn) => [turn.address, turn]))
  const sharing = hostsSharingMachineId(results.checks)
  return spec.members
    .filter(({ address }) => !leftOut.includes(address))
    .map(({ address, zone }) => {
      const period = periods.get(address)
      const findings = findingsOfHost(address, { spec, results, sharing, period })
      return { address, zone, begins: isoTime(period?.begins), ends: isoTime(period?.ends), findings }
    })
}
