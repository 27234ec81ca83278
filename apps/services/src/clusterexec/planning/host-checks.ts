/** What would be in the way on one host, asked of the host itself before anything is touched. */
import {
  type Facts,
  gatherFacts,
  HostError,
  type HostErrorCode,
  isHostError,
  oscmd,
  preflight,
} from '@commissaire/hosts'
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

/** What looking at hosts takes. */
export interface HostCheckDeps {
  readonly plan: OperationSpec
  readonly storage: StorageClient
  readonly access: HostAccess
  readonly nodes: ClusterNodes
  /** Milliseconds that an API server may take for one node: less than all, so that its silence can be told. */
  readonly nodeTime: number
  /** Ends the whole look at all hosts. */
  readonly signal: AbortSignal
}

/** What was seen of a host. */
export interface HostCheck {
  readonly findings: readonly PlanFinding[]
  readonly machineId: string | undefined
  /** It could not be reached, or is not itself, and will not have its turn. */
  readonly isUnavailable: boolean
}

/** Milliseconds that a look at one host may take. */
const HOST_TIMEOUT = 20_000

/** Looks at a host and at the node that it is. Throws when the time for all of them is over. */
export async function checkHost(host: Host, look: HostCheckDeps): Promise<HostCheck> {
  const signal = AbortSignal.any([look.signal, AbortSignal.timeout(HOST_TIMEOUT)])
  const { address } = host
  const { kind } = look.plan
  const drains = stepsOf(kind).includes('drain')
  const [seen, locked, node] = await Promise.all([
    checkOverSsh(host, look, signal),
    lockFindings(address, look),
    drains ? nodeFindingsInTime(address, look) : [],
  ])
  look.signal.throwIfAborted()
  return { ...seen, findings: [...seen.findings, ...node, ...locked] }
}

async function checkOverSsh(host: Host, look: HostCheckDeps, signal: AbortSignal): Promise<HostCheck> {
  const { address } = host
  const { kind } = look.plan
  try {
    await using remote = await look.access.connect(host, { signal })
    const facts = await gatherFacts(remote, { signal })
    const isAsked = kind !== 'exec' && kind !== 'drain'
    const found = isAsked ? relevantFindings(await preflight(remote, facts, { signal }), kind) : []
    const findings = [...found.map((each) => hostFinding(each, address)), ...deployFindings(facts, look.plan)]
    return { findings, machineId: facts.machineId, isUnavailable: false }
  } catch (error) {
    look.signal.throwIfAborted()
    if (!isHostError(error)) throw error
    return { findings: [findingOf(error, address)], machineId: undefined, isUnavailable: true }
  }
}

/** Whether this kind of host can be brought to a version at all. */
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
  return other === undefined ? [] : [planFinding('host_locked', `${other} has ${address}`, { address })]
}

/** An API server that never answers is told of the host, and does not end the plan. */
async function nodeFindingsInTime(address: string, look: HostCheckDeps): Promise<PlanFinding[]> {
  const time = AbortSignal.timeout(Math.ceil(look.nodeTime))
  const { nodes, plan } = look
  try {
    const signal = AbortSignal.any([look.signal, time])
    return await nodeFindings(address, { nodes, policy: plan.policy, signal })
  } catch (error) {
    look.signal.throwIfAborted()
    if (!time.aborted) throw error
    const message = `the API server did not answer within ${Math.round(look.nodeTime / 1000)} s`
    return [planFinding('nodes_unreadable', message, { address })]
  }
}

/** Our own limit shows as "cancelled"; to the host it is that it did not answer in time. */
function findingOf(error: HostError, address: string): PlanFinding {
  const isOurs = error.code === 'cancelled'
  const told = isOurs
    ? new HostError('timeout', `${address} was not done within ${HOST_TIMEOUT / 1000} s`)
    : error
  const code: HostErrorCode = told.code
  const message = told.message.replace(`. ${told.remedy}.`, '')
  return { code, severity: 'blocks', message, remedy: told.remedy, address }
}
