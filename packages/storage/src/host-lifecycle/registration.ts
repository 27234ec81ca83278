/**
 * Registers and removes members with the container manager of their cluster: a host is registered there before it becomes active, and
 * removed there before it becomes disassociated. Every step can be repeated, so that the same request again completes
 * what a container manager that did not answer left undone.
 */
import { errorTable, type Logger, type Requester } from '@commissaire/bus'
import { awaitsRegistration, type Cluster, ContainerManagerConfig, Hosts } from '@commissaire/models'

import type { StorageClient } from '../client.ts'
import { moveReadyHost } from './host-writer.ts'

/** What changes of membership are made with. */
export interface LifecycleContext {
  readonly storage: StorageClient
  /** The container manager service is asked by this. */
  readonly requester: Requester
  readonly log: Pick<Logger, 'warn'>
}

/** How many nodes are registered or removed at a time. */
const CONCURRENCY = 8

/** Registers the host with the cluster's container manager, where there is one. Writes no status. */
export async function registerNode(
  requester: Requester,
  { container_manager }: Cluster,
  { address, signal }: { address: string; signal?: AbortSignal },
): Promise<void> {
  if (!container_manager) return
  await requester.request('container.register_node', [container_manager, address], signal ? { signal } : {})
}

/** Why a host is ready and not active: its container manager does not have it. */
export function notRegistered(container_manager: string): string {
  return `not registered with container manager "${container_manager}"`
}

/** Registers the host with the cluster's container manager, and makes it active when it is ready. */
export async function registerHost(
  { storage, requester }: LifecycleContext,
  cluster: Cluster,
  address: string,
): Promise<void> {
  await registerNode(requester, cluster, { address })
  await moveReadyHost(storage, address, 'active')
}

/** Removes the host from the cluster's container manager, and makes it disassociated when it is ready. */
export async function unregisterHost(
  context: LifecycleContext,
  cluster: Cluster,
  address: string,
): Promise<void> {
  await forgetNode(context, cluster, address)
  await moveReadyHost(context.storage, address, 'disassociated')
}

/** Registers all hosts of the cluster that were made ready and are not active. */
export async function registerHosts(context: LifecycleContext, cluster: Cluster): Promise<void> {
  const hosts = cluster.hostset.length > 0 ? await context.storage.list(Hosts) : []
  const waiting = hosts.filter((host) => cluster.hostset.includes(host.address) && awaitsRegistration(host))
  await inBatches(waiting, ({ address }) => registerHost(context, cluster, address))
}

/** Unregisters all hosts of the cluster. */
export function unregisterHosts(context: LifecycleContext, cluster: Cluster): Promise<void> {
  return inBatches(cluster.hostset, (address) => unregisterHost(context, cluster, address))
}

/** Removes the host from the cluster's container manager. One that is not stored any more has nothing to remove. */
export async function forgetNode(
  { storage, requester, log }: LifecycleContext,
  { container_manager }: Cluster,
  address: string,
): Promise<void> {
  if (!container_manager) return
  try {
    await requester.request('container.remove_node', [container_manager, address])
  } catch (error) {
    if (!isRefusal(error) || (await storage.find(ContainerManagerConfig, container_manager))) throw error
    log.warn({ container_manager, address }, 'A host left a container manager that does not exist any more')
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === errorTable.ContainerManager.code
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += CONCURRENCY)
    await Promise.all(items.slice(start, start + CONCURRENCY).map(work))
}
