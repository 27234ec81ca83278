/** Checks one host for everything that would obstruct an operation, without changing the host. */
import { type Facts, gatherFacts, type HostError, isHostError, oscmd, preflight } from '@commissaire/hosts'
import type { Host } from '@commissaire/models'
import { stepsOf } from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'

import type { HostAccess } from '../../shared/host-access.ts'
import { relevantFindings } from '../host-steps/check.ts'
import type { ClusterNodes } from '../node-steps/cluster-nodes.ts'
import { activeOperationOn } from '../../shared/host-lock.ts'
import { nodeFindings } from './node-checks.ts'
import { hostFinding, planFinding, type PlanFinding } from './plan-findings.ts'
import type { OperationSpec } from '../requests/operation-request.ts'

/** What the check of a host needs. */
export interface HostCheckDeps {
  readonly spec: OperationSpec
  readonly storage: StorageClient
  readonly access: HostAccess
  readonly nodes: ClusterNodes
  /** Milliseconds that an API server may take for one node: less than the whole plan, so that its silence can be reported. */
  readonly nodeTime: number
  /** Aborts the checks of all hosts. */
  readonly signal: AbortSignal
}

/** The result of a check. */
export interface HostCheck {
  readonly findings: readonly PlanFinding[]
  readonly machineId: string | undefined
  /** The host could not be reached or identified, so that the operation would leave it out. */
  readonly isUnavailable: boolean
}

/** Milliseconds that a host may take for each answer. */
const HOST_TIMEOUT = 20_000

/** Checks a host and its node. Throws if the time for all hosts is over. */
export async function checkHost(host: Host, deps: HostCheckDeps): Promise<HostCheck> {
  const { address } = host
  const { kind } = deps.spec
  const drains = stepsOf(kind).includes('drain')
  const [checked, locked, node] = await Promise.all([
    checkOverSsh(host, deps),
    lockFindings(address, deps),
    drains ? nodeFindingsInTime(address, deps) : [],
  ])
  deps.signal.throwIfAborted()
  return { ...checked, findings: [...checked.findings, ...node, ...locked] }
}

async function checkOverSsh(host: Host, deps: HostCheckDeps): Promise<HostCheck> {
  const { address } = host
  const { kind, cluster } = deps.spec
  const limits = { signal: deps.signal, timeout: HOST_TIMEOUT }
  try {
    await using remote = await deps.access.connect(host, { ...limits, kind: 'request', cluster })
    const facts = await gatherFacts(remote, limits)
    const isPreflighted = kind !== 'exec' && kind !== 'drain'
    const found = isPreflighted ? relevantFindings(await preflight(remote, facts, limits), kind) : []
    const findings = [...found.map((each) => hostFinding(each, address)), ...deployFindings(facts, deps.spec)]
    return { findings, machineId: facts.machineId, isUnavailable: false }
  } catch (error) {
    deps.signal.throwIfAborted()
    if (!isHostError(error)) throw error
    return { findings: [findingOf(error, address)], machineId: undefined, isUnavailable: true }
  }
}

/** A finding if this kind of host cannot be deployed to a version. */
function deployFindings(facts: Facts, { kind, version }: OperationSpec): PlanFinding[] {
  if (kind !== 'deploy' || !facts.family) return []
  try {
    oscmd(facts).deploy(version)
    return []
  } catch (error) {
    if (!isHostError(error)) throw error
    return [findingOf(error, facts.address)]
  }
}

async function lockFindings(address: string, { storage }: HostCheckDeps): Promise<PlanFinding[]> {
  const other = await activeOperationOn(storage, address)
  return other === undefined
    ? []
    : [planFinding('host_locked', `${other} has the lock of ${address}`, { address })]
}

/** An API server that does not answer in time is a finding, and does not end the plan. */
async function nodeFindingsInTime(address: string, deps: HostCheckDeps): Promise<PlanFinding[]> {
  const time = AbortSignal.timeout(Math.ceil(deps.nodeTime))
  const { nodes, spec } = deps
  try {
    const signal = AbortSignal.any([deps.signal, time])
    return await nodeFindings(address, { nodes, policy: spec.policy, signal })
  } catch (error) {
    deps.signal.throwIfAborted()
    if (!time.aborted) throw error
    const message = `the API server did not answer within ${Math.round(deps.nodeTime / 1000)} s`
    return [planFinding('nodes_unreadable', message, { address })]
  }
}

function findingOf({ code, message, remedy }: HostError, address: string): PlanFinding {
  return { code, severity: 'blocks', message: message.replace(`. ${remedy}.`, ''), remedy, address }
}
