/**
 * One investigation of one host: reach it, pin its key, learn what it is, prepare it, and let its cluster have it.
 *
 * Each step may be taken again, so an investigation that was cut short is simply begun anew. When two run at a time the
 * one that began last goes on: the other finds that the host's status is no longer its own, and stops.
 */
import { BusError } from '@commissaire/bus'
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
import { learnt, rebootState } from '../shared/host-reboot.ts'
import { reasonOf } from '../shared/failure-reason.ts'
import { preparationFor, type PreparationDeps } from './preparation.ts'

/** What an investigation works with. */
export interface InvestigationMeans extends PreparationDeps {
  readonly access: HostAccess
  /** Ends it between and within steps. */
  readonly signal: AbortSignal
}

/** Investigates the host, and gives it as it is stored then. `cluster` is its cluster where storage does not say. */
export async function investigate(
  address: string,
  means: InvestigationMeans,
  { cluster }: { cluster?: string | undefined } = {},
): Promise<Host> {
  const { storage } = means
  const host = await moveHost(storage, address, { status: 'investigating', bootstrapped_at: '' })
  await using remote = await means.access.connect(host, means)
  await pin(storage, remote)
  const facts = await gatherFacts(remote, means)
  await moveHost(storage, address, { status: 'bootstrapping', ...learnt(facts), last_check: timestamp() })
  const [home] = await clustersOf(address, means, cluster)
  const preparation = { ...(await preparationFor(home, means)), signal: means.signal }
  checkBootstrapped(await bootstrapHost(remote, facts, preparation), address)
  const reboot = await rebootState(remote, facts, means)
  const ready = await moveHost(storage, address, {
    status: 'disassociated',
    bootstrapped_at: timestamp(),
    reboot,
  })
  return await join(ready, means, cluster)
}

/** The key of the first contact is the host's from then on. */
function pin(storage: StorageClient, { address, hostKey }: Remote): Promise<Host> {
  return updateHost(storage, address, (host) => {
    if (!host.host_key) return { host_key: hostKey }
    if (!matchesPin(hostKey, host.host_key)) throw pinnedElsewhere(address)
    return undefined
  })
}

/** A host is active in a cluster that has no container manager, or whose container manager has taken it. */
async function join(host: Host, means: InvestigationMeans, cluster: string | undefined): Promise<Host> {
  const clusters = await clustersOf(host.address, means, cluster)
  if (clusters.length === 0) return host
  for (const each of clusters) await register(host, means, each)
  return moveHost(means.storage, host.address, { status: 'active' })
}

/** The clusters of a host; the one that is named where storage does not say. */
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

/** The host is ready whether or not it is registered: so it stays disassociated, with the reason beside it. */
async function register({ address }: Host, means: InvestigationMeans, cluster: Cluster): Promise<void> {
  const { requester, storage, signal } = means
  try {
    await registerNode(requester, cluster, { address, signal })
  } catch (error) {
    const status_reason = `${notRegistered(cluster.container_manager)}: ${reasonOf(error)}`
    await moveHost(storage, address, { status: 'disassociated', status_reason })
    throw new RegistrationRefused(address, status_reason, { cause: error })
  }
}

/** Thrown when a host is ready, but its container manager did not take it. */
export class RegistrationRefused extends BusError {
  constructor(address: string, reason: string, { cause }: { cause: unknown }) {
    super('ContainerManager', `(-20001) Host ${address} is ready, but ${reason}`, {
      data: { address },
      cause,
    })
  }
}

function pinnedElsewhere(address: string): HostError {
  const found = `${address} proves another key than the one that was pinned a moment ago`
  return new HostError('host_key_changed', found, { address })
}
