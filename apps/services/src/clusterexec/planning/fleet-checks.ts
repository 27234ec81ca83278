/** Checks all hosts of a planned operation, many at a time, as far as the time allows. */
import type { Host } from '@commissaire/models'

import { unavailableReason } from '../driving/availability.ts'
import { ClusterNodes } from '../node-steps/cluster-nodes.ts'
import type { OperationSpec } from '../requests/operation-request.ts'
import { checkHost, type HostCheck, type HostCheckDeps } from './host-checks.ts'

/** What checking hosts needs. */
export type FleetCheckDeps = Pick<HostCheckDeps, 'storage' | 'access'> & {
  /** Milliseconds that planning may take. */
  readonly within: number
  /** Aborts planning, as nobody waits for the result. */
  readonly signal: AbortSignal
}

/** The state of the hosts, by address. */
export interface FleetState {
  /** The results of the checks. Hosts that there was no time for are missing. */
  readonly checks: ReadonlyMap<string, HostCheck>
  /** Hosts that the operation would leave out, with the reason. */
  readonly down: ReadonlyMap<string, string>
}

/** Milliseconds that an API server may take for one node. */
const MAX_NODE_TIME = 20_000

/** Hosts that are checked at a time. */
const CONCURRENCY = 32

/** Milliseconds that are reserved for the forecast, for each host. */
const FORECAST_TIME = 0.4

/** Checks the stored hosts of the operation. */
export async function checkFleet(
  spec: OperationSpec,
  stored: ReadonlyMap<string, Host>,
  deps: FleetCheckDeps,
): Promise<FleetState> {
  const checks = await checkInTime(spec, stored, deps)
  return { checks, down: downOf(spec, stored, checks) }
}

async function checkInTime(
  spec: OperationSpec,
  stored: ReadonlyMap<string, Host>,
  { storage, access, within, signal }: FleetCheckDeps,
): Promise<Map<string, HostCheck>> {
  const reserved = spec.members.length * FORECAST_TIME
  const timeout = AbortSignal.timeout(Math.ceil(Math.max(within / 4, within - reserved)))
  await using nodes = new ClusterNodes(storage, spec.cluster)
  const nodeTime = Math.min(MAX_NODE_TIME, within / 2)
  const deps = { spec, storage, access, nodes, nodeTime, signal: AbortSignal.any([signal, timeout]) }
  const checks = new Map<string, HostCheck>()
  const waiting = spec.members.values()
  const checkNext = async () => {
    for (const { address } of waiting) {
      const host = stored.get(address)
      if (timeout.aborted) return
      if (host) checks.set(address, await checkHost(host, deps))
    }
  }
  const unlessTimeout = (error: unknown) => {
    signal.throwIfAborted()
    if (!timeout.aborted) throw error
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, () => checkNext().catch(unlessTimeout)))
  return checks
}

/** Hosts that are unavailable by their stored status or by the result of their check. */
function downOf(
  { members }: OperationSpec,
  stored: ReadonlyMap<string, Host>,
  checks: ReadonlyMap<string, HostCheck>,
): Map<string, string> {
  const down = new Map<string, string>()
  for (const { address } of members) {
    const check = checks.get(address)
    const found = check?.isUnavailable ? (check.findings[0]?.message ?? '') : ''
    const reason = unavailableReason(stored.get(address)) || found
    if (reason) down.set(address, reason)
  }
  return down
}
