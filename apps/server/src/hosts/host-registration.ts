/**
 * Adds and removes hosts. The order of the steps matters.
 *
 * To add: first all checks, so that no credentials are stored for a refused host; then the credentials, the host, its
 * membership, and the notices to the investigator and the watcher. To remove: the host itself comes last, so that a
 * removal that failed half-way can be repeated.
 */
import { BusError } from '@commissaire/bus'
import { Cluster, Clusters, Host, HostCreds, parseModel, timestamp } from '@commissaire/models'
import { isConflict } from '@commissaire/storage'
import { addHost, addMember, forgetNode, removeMember, updateHost } from '@commissaire/storage/host-lifecycle'
import { type Backend, lifecycleOf } from '../backend.ts'
import { found } from '../http/errors.ts'
import { hasPinned, pinOf } from './host-keys.ts'

/** The data of a host to be added. */
export interface Registration {
  readonly address: string
  readonly ssh_priv_key: string
  readonly remote_user?: string | null | undefined
  readonly cluster?: string | null | undefined
  /** Its public host keys, each as `TYPE BASE64`. Without them the key of the first connection is pinned. */
  readonly host_keys?: readonly string[] | null | undefined
}

/** Adds a host and starts its investigation. Returns the existing host when it was added before with the same key. */
export async function registerHost(backend: Backend, registration: Registration): Promise<Host> {
  const { storage } = backend
  const { address } = registration
  const cluster = await requireCluster(backend, registration)
  const existing = await storage.find(Host, address)
  if (existing) return requireSame(backend, existing, registration)
  await saveCredentials(backend, registration)
  const host = await saveHost(backend, registration)
  if (!host)
    return requireSame(backend, found(await storage.find(Host, address), `host "${address}"`), registration)
  const joined = cluster && (await addMember(storage, cluster.name, address))
  await announce(backend, address, joined)
  return host
}

/** Removes a host and everything that belongs to it. */
export async function removeHost(backend: Backend, address: string): Promise<void> {
  const { storage } = backend
  const clusters = (await storage.list(Clusters)).filter(({ hostset }) => hostset.includes(address))
  for (const cluster of clusters) {
    await forgetNode(lifecycleOf(backend), cluster, address)
    await removeMember(storage, cluster.name, address)
  }
  await storage.deleteIfPresent(HostCreds, address)
  await storage.delete(Host, address)
}

async function requireCluster(
  { storage }: Backend,
  { cluster: name }: Registration,
): Promise<Cluster | undefined> {
  if (!name) return undefined
  const cluster = await storage.find(Cluster, name)
  if (!cluster) throw new BusError('Conflict', `There is no cluster "${name}" to add the host to.`)
  return cluster
}

async function requireSame({ storage }: Backend, host: Host, registration: Registration): Promise<Host> {
  const { address, ssh_priv_key, cluster } = registration
  const stored = await storage.find(HostCreds, address)
  if (stored?.ssh_priv_key !== ssh_priv_key) throw differentKey(address)
  if (cluster && !(await storage.get(Cluster, cluster)).hostset.includes(address))
    throw new BusError('Conflict', `Host "${address}" exists already and is not in cluster "${cluster}".`)
  return pinReported(storage, host, registration.host_keys ?? [])
}

/** A host that was added without its keys and has not been reached since may still report them. */
async function pinReported(storage: Backend['storage'], host: Host, keys: readonly string[]): Promise<Host> {
  if (keys.length === 0) return host
  return updateHost(storage, host.address, (stored) => {
    if (!stored.host_key) return { host_key: pinOf(keys) }
    if (!hasPinned(keys, stored.host_key)) throw differentHostKey(host.address)
    return undefined
  })
}

/** Saves the credentials unless the host has some already; those must have the same key. */
async function saveCredentials({ storage }: Backend, registration: Registration): Promise<void> {
  const { address, ssh_priv_key, remote_user } = registration
  const creds = parseModel(HostCreds, { address, ssh_priv_key, remote_user: remote_user || undefined })
  try {
    await storage.save(HostCreds, creds, { revision: null })
  } catch (error) {
    if (!isConflict(error)) throw error
    const stored = await storage.find(HostCreds, address)
    if (stored?.ssh_priv_key !== ssh_priv_key) throw differentKey(address)
  }
}

/** Returns the new host; undefined when it was added concurrently. */
async function saveHost(
  { storage }: Backend,
  { address, host_keys }: Registration,
): Promise<Host | undefined> {
  try {
    return await addHost(storage, { address, host_key: pinOf(host_keys ?? []) })
  } catch (error) {
    if (!isConflict(error)) throw error
    return undefined
  }
}

async function announce({ bus }: Backend, address: string, cluster: Cluster | undefined): Promise<void> {
  await bus.notify('jobs.investigate', { address, cluster_data: cluster ?? {} })
  await bus.publish('jobs.watcher', JSON.stringify({ address, last_check: timestamp() }))
}

function differentKey(address: string): BusError {
  return new BusError(
    'Conflict',
    `Host "${address}" exists already, with another key. Delete it first to replace it.`,
  )
}

function differentHostKey(address: string): BusError {
  return new BusError(
    'Conflict',
    `Host "${address}" exists already, and another host key is pinned for it. Delete it first to replace it.`,
  )
}
