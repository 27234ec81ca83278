/**
 * Investigates one host: connects, pins its host key, gathers its facts, bootstraps it and registers it with its cluster.
 *
 * Every step can be repeated, so an investigation that was interrupted is started again from the beginning. If two run at
 * the same time, the one that started last continues; the other finds a status that it did not write, and stops.
 */
import { BusError, type Logger } from '@commissaire/bus'
import {
  bootstrapHost,
  checkBootstrapped,
  gatherFacts,
  HostError,
  matchesPin,
  type Remote,
} from '@commissaire/hosts'
import { Cluster, type Host, timestamp } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'
import {
  ClusterMembership,
  moveHost,
  notRegistered,
  registerNode,
  updateHost,
} from '@commissaire/storage/host-lifecycle'

import type { HostAccess } from '../shared/host-access.ts'
import { factFields, rebootState } from '../shared/host-reboot.ts'
import { reasonOf } from '../shared/failure-reason.ts'
import { preparationFor, type PreparationDeps } from './preparation.ts'

/** What an investigation needs. */
export interface InvestigationDeps extends PreparationDeps {
  readonly access: HostAccess
  readonly log: Pick<Logger, 'info'>
  /** Aborts it between and within steps. */
  readonly signal: AbortSignal
}

/** Investigates the host and returns it as stored. `cluster` is used if no stored cluster has the host. */
export async function investigate(
  address: string,
  deps: InvestigationDeps,
  { cluster }: { cluster?: string | undefined } = {},
): Promise<Host> {
  const { storage } = deps
  const host = await moveHost(storage, address, { status: 'investigating', bootstrapped_at: '' })
  await using remote = await connectInTurn(host, deps, cluster)
  await pin(storage, remote)
  const facts = await gatherFacts(remote, deps)
  await moveHost(storage, address, { status: 'bootstrapping', ...factFields(facts), last_check: timestamp() })
  const [first] = await clustersOf(address, deps, cluster)
  const preparation = { ...(await preparationFor(first, deps)), signal: deps.signal }
  checkBootstrapped(await bootstrapHost(remote, facts, preparation), address)
  const reboot = await rebootState(remote, facts, deps)
  const ready = await moveHost(storage, address, {
    status: 'disassociated',
    bootstrapped_at: timestamp(),
    reboot,
  })
  return await join(ready, deps, cluster)
}

/** Connects. A host that has to wait says so in its status reason until its turn comes. */
async function connectInTurn(host: Host, deps: InvestigationDeps, cluster = ''): Promise<Remote> {
  const { address } = host
  let noted: Promise<unknown> = Promise.resolve()
  const onWait = (): void => {
    deps.log.info({ address }, `The investigation of ${address} is waiting for a free slot`)
    noted = moveHost(deps.storage, address, { status: 'investigating', status_reason: waiting })
  }
  const remote = await deps.access.connect(host, { signal: deps.signal, cluster, onWait })
  await noted
  return remote
}

const waiting = 'waiting for a free slot'

/** Pins the host key of the first contact. */
function pin(storage: StorageClient, { address, hostKey }: Remote): Promise<Host> {
  return updateHost(storage, address, (host) => {
    if (!host.host_key) return { host_key: hostKey }
    if (!matchesPin(hostKey, host.host_key)) throw keyChanged(address)
    return undefined
  })
}

/** Registers the host with its clusters' container managers, and marks it as active. */
async function join(host: Host, deps: InvestigationDeps, cluster: string | undefined): Promise<Host> {
  const clusters = await clustersOf(host.address, deps, cluster)
  if (clusters.length === 0) return host
  for (const each of clusters) await register(host, deps, each)
  return moveHost(deps.storage, host.address, { status: 'active' })
}

/** The stored clusters of a host or, if there are none, the named one. */
export async function clustersOf(
  address: string,
  { storage }: { readonly storage: StorageClient },
  cluster = '',
): Promise<Cluster[]> {
  const stored = await new ClusterMembership(storage).of(address)
  if (stored.length > 0 || !cluster) return stored
  const named = await storage.find(Cluster, cluster)
  return named ? [named] : []
}

/** A host that cannot be registered is still bootstrapped: it stays disassociated, with the reason. */
async function register({ address }: Host, deps: InvestigationDeps, cluster: Cluster): Promise<void> {
  const { requester, storage, signal } = deps
  try {
    await registerNode(requester, cluster, { address, signal })
  } catch (error) {
    const status_reason = `${notRegistered(cluster.container_manager)}: ${reasonOf(error)}`
    await moveHost(storage, address, { status: 'disassociated', status_reason })
    throw new RegistrationRefused(address, status_reason, { cause: error })
  }
}

/** Thrown when a host is bootstrapped, and its container manager refused it. */
export class RegistrationRefused extends BusError {
  constructor(address: string, reason: string, { cause }: { cause: unknown }) {
    super('ContainerManager', `(-20001) Host ${address} is ready, but ${reason}`, {
      data: { address },
      cause,
    })
  }
}

function keyChanged(address: string): HostError {
  const found = `${address} has another host key than the one that another process has just pinned`
  return new HostError('host_key_changed', found, { address })
}
