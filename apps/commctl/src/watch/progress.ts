/** How far a rolling operation is, host by host: what its view as of old says, in terms of people. Pure. */
import { isOver, type OperationStatus, operationStatuses } from '@commissaire/models'
import { isObject, textOf, textsOf } from '../client/json-value.ts'

/** An operation as the server tells of it. A server of another age may leave something out, or say more. */
export type Operation = Readonly<Record<string, unknown>>

/** Where one host is. */
export type HostState = 'waiting' | 'in process' | 'done' | 'failed' | 'skipped' | 'not started'

/** One line of the progress. */
export interface HostProgress {
  readonly address: string
  readonly state: HostState
  /** The step it is in, or at which it failed, where that is known. */
  readonly step?: string
  readonly reason: string
}

/** The whole progress. */
export interface Progress {
  /** As in `Upgrade of web`. */
  readonly title: string
  readonly status: string
  /** Whether nothing more will happen, or only when somebody says so. */
  readonly over: boolean
  readonly reason: string
  readonly hosts: readonly HostProgress[]
  readonly done: number
  readonly total: number
  readonly startedAt: string
  readonly finishedAt: string
}

/** Works out where every host is, those of the cluster first and in its order. */
export function progressOf(
  operation: Operation,
  { title, members }: { title: string; members: readonly string[] },
): Progress {
  const sets = setsOf(operation)
  const addresses = new Set([...members, ...sets.done, ...sets.inProcess, ...sets.failures.keys()])
  const hosts = [...addresses].map((address) => ({
    address,
    state: stateOf(address, sets),
    reason: sets.failures.get(address) ?? '',
  }))
  return {
    title,
    hosts,
    status: textOf(operation.status) ?? '',
    over: sets.over || operation.status === 'paused',
    reason: textOf(operation.reason) ?? '',
    done: hosts.filter(({ state }) => state === 'done').length,
    total: hosts.length,
    startedAt: textOf(operation.started_at) ?? '',
    finishedAt: textOf(operation.finished_at) ?? '',
  }
}

type Sets = ReturnType<typeof setsOf>

function setsOf(operation: Operation) {
  const failures = isObject(operation.failures) ? Object.entries(operation.failures) : []
  const known: OperationStatus | undefined = operationStatuses.find((one) => one === operation.status)
  return {
    done: new Set(textsOf(operation.deployed ?? operation.restarted ?? operation.upgraded)),
    inProcess: new Set(textsOf(operation.in_process)),
    failures: new Map(failures.map(([address, reason]) => [address, textOf(reason) ?? ''])),
    over: known !== undefined && isOver(known),
  }
}

/** A host that was in hand when its operation failed is the one that failed it. */
function stateOf(address: string, { done, inProcess, failures, over }: Sets): HostState {
  if (failures.has(address)) return 'failed'
  if (done.has(address)) return 'done'
  if (inProcess.has(address)) return over ? 'failed' : 'in process'
  return over ? 'not started' : 'waiting'
}
