/**
 * Which hosts a cluster has, and what that means to its container manager.
 *
 * A cluster's host set is what people want; a host's status says how far that has come: `active` once the cluster's
 * container manager knows it, or at once where there is none. All steps can be repeated, so asking again mends what
 * a container manager that was away left undone.
 */
import { BusError } from '@commissaire/bus'
import { Cluster, ContainerManagerConfig, Host, Hosts, mayMove } from '@commissaire/models'
import { isMissing } from '@commissaire/storage'
import type { Backend } from '../backend.ts'
import { busErrorName } from '../http/errors.ts'

/** How many nodes a container manager is told of at a time. */
const AT_A_TIME = 8

/** Whether a host may join a cluster: it was bootstrapped, and is well. */
export function mayJoin({ status }: Host): boolean {
  return status === 'active' || status === 'disassociated'
}

/** Refuses hosts that may not join. */
export function requireReady(hosts: readonly Host[], cluster: string): void {
  const unready = hosts.filter((host) => !mayJoin(host))
  if (unready.length === 0) return
  const list = unready.map(({ address, status }) => `${address} (${status || 'new'})`).join(', ')
  throw new BusError(
    'NotAllowed',
    `Not ready to join cluster "${cluster}": ${list}. A host must be active or disassociated.`,
  )
}

/** Puts the address into the cluster's host set, if it is not there. */
export function addToHostset({ storage }: Backend, cluster: string, address: string): Promise<Cluster> {
  return storage.update(Cluster, cluster, (present) =>
    present.hostset.includes(address) ? undefined : { ...present, hostset: [...present.hostset, address] },
  )
}

/** Takes the address out of the cluster's host set, if it is there. */
export function removeFromHostset({ storage }: Backend, cluster: string, address: string): Promise<Cluster> {
  return storage.update(Cluster, cluster, (present) =>
    present.hostset.includes(address)
      ? { ...present, hostset: present.hostset.filter((member) => member !== address) }
      : undefined,
  )
}

/** Makes the cluster's container manager know the host, and the host active. */
export async function register(backend: Backend, cluster: Cluster, address: string): Promise<void> {
  const { container_manager } = cluster
  if (container_manager) await backend.bus.request('container.register_node', [container_manager, address])
  await moveHost(backend, address, { from: 'disassociated', to: 'active' })
}

/** Makes the cluster's container manager forget the host, which then belongs to nobody. */
export async function unregister(backend: Backend, cluster: Cluster, address: string): Promise<void> {
  await forgetNode(backend, cluster, address)
  await moveHost(backend, address, { from: 'active', to: 'disassociated' })
}

/** Makes the cluster's container manager forget all of its hosts, which then belong to nobody. */
export function unregisterAll(backend: Backend, cluster: Cluster): Promise<void> {
  return inTurns(cluster.hostset, (address) => unregister(backend, cluster, address))
}

/** Makes the cluster's container manager know those of its hosts that were made ready and that it does not have. */
export async function registerAll(backend: Backend, cluster: Cluster): Promise<void> {
  const hosts = cluster.hostset.length > 0 ? await backend.storage.list(Hosts) : []
  const ready = hosts.filter((host) => cluster.hostset.includes(host.address) && isToRegister(host))
  await inTurns(ready, ({ address }) => register(backend, cluster, address))
}

/** One that failed after it was made ready is away for a while, and comes back as a member. */
function isToRegister({ status, bootstrapped_at }: Host): boolean {
  return status === 'disassociated' || (status === 'failed' && Boolean(bootstrapped_at))
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_A_TIME)
    await Promise.all(items.slice(start, start + AT_A_TIME).map(work))
}

/** Makes the cluster's container manager forget the host. One that was removed itself has nothing to forget. */
export async function forgetNode(backend: Backend, cluster: Cluster, address: string): Promise<void> {
  const { container_manager } = cluster
  if (!container_manager) return
  try {
    await backend.bus.request('container.remove_node', [container_manager, address])
  } catch (error) {
    if (busErrorName(error) !== 'ContainerManager') throw error
    if (await backend.storage.find(ContainerManagerConfig, container_manager)) throw error
    backend.log.warn(
      { container_manager, address },
      'A host leaves a container manager that is not there any more',
    )
  }
}

type Move = { readonly from: Host['status']; readonly to: Host['status'] }

/** Moves a host that is in a certain status to another; any other host stays as it is. */
async function moveHost({ storage }: Backend, address: string, { from, to }: Move): Promise<void> {
  try {
    await storage.update(Host, address, (host) =>
      host.status === from && mayMove(from, to) ? { ...host, status: to } : undefined,
    )
  } catch (error) {
    // Nothing is stored of it, so there is no status to keep right.
    if (!isMissing(error)) throw error
  }
}
