/**
 * Determines the status of a ready host: `active` in a cluster whose container manager knows it or that has
 * none, `disassociated` otherwise. A container manager that gives no answer never counts as "not registered".
 */
import { errorTable } from '@commissaire/bus'
import { type Cluster, type Host, isAvailableHost, type ReadyStatus } from '@commissaire/models'

import { type LifecycleContext, notRegistered } from './registration.ts'

/** A status of a ready host, with the reason where it is a member and not active. */
export interface ReadyStanding {
  readonly status: ReadyStatus
  readonly status_reason: string
}

/** What a container manager did not say. */
interface Silence {
  readonly manager: string
  readonly err: unknown
}

type Answer = 'registered' | 'not registered' | Silence

const active: ReadyStanding = { status: 'active', status_reason: '' }

/** Asks the container managers of these clusters, and says what the host is to become. */
export async function readyStanding(
  context: Pick<LifecycleContext, 'requester' | 'log'>,
  host: Host,
  clusters: readonly Cluster[],
): Promise<ReadyStanding> {
  const refusals: string[] = []
  const silences: Silence[] = []
  for (const { container_manager: manager } of clusters) {
    const answer = manager ? await ask(context, manager, host.address) : 'registered'
    if (answer === 'registered') return active
    if (answer === 'not registered') refusals.push(manager)
    else silences.push(answer)
  }
  if (silences[0]) return unanswered(context, host, silences[0])
  if (refusals[0]) return missing(host, refusals[0])
  return { status: 'disassociated', status_reason: '' }
}

/** A reason that says the same and more, such as why the registration was refused, stays. */
function missing({ status_reason }: Host, container_manager: string): ReadyStanding {
  const reason = notRegistered(container_manager)
  return { status: 'disassociated', status_reason: status_reason.startsWith(reason) ? status_reason : reason }
}

/** An active host stays active; any other stays out until the container manager answers. Logged once for each reason. */
function unanswered(
  { log }: Pick<LifecycleContext, 'log'>,
  host: Host,
  { manager, err }: Silence,
): ReadyStanding {
  const { address } = host
  const cause = err instanceof Error ? err.message : String(err)
  const status_reason = `container manager "${manager}" could not be asked whether it has the host: ${cause}`
  if (status_reason !== host.status_reason)
    log.warn(
      { address, container_manager: manager, err },
      `Container manager ${manager} could not be asked whether it has host ${address}`,
    )
  return isAvailableHost(host) ? active : { status: 'disassociated', status_reason }
}

/** A peer of the original system answers null for a host that is registered. */
async function ask(
  { requester }: Pick<LifecycleContext, 'requester'>,
  manager: string,
  address: string,
): Promise<Answer> {
  try {
    const answer = await requester.request('container.node_registered', [manager, address])
    return answer === false ? 'not registered' : 'registered'
  } catch (err) {
    return saysNotRegistered(err) ? 'not registered' : { manager, err }
  }
}

/** Peers of the original system have one code for everything and no data, so that only their words tell. */
function saysNotRegistered(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || error.code !== errorTable.ContainerManager.code)
    return false
  const data: unknown = 'data' in error ? error.data : undefined
  const reason: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'reason') : undefined
  return reason === undefined ? error.message.endsWith(' is not registered') : reason === 'not_registered'
}
