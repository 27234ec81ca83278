/**
 * Adds and removes hosts. The order of the steps matters.
 *
 * To add: first all checks, so that no credentials are stored for a refused host; then the credentials, the host, its
 * membership, and the notices to the investigator and the watcher. When one of these steps fails, the earlier ones are
 * undone; where that fails as well, the same request again completes them. To remove: the host itself comes last, so that
 * a removal that failed half-way can be repeated.
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
  const undo: Undo[] = []
  try {
    if (await saveCredentials(backend, registration))
      undo.unshift(() => storage.deleteIfPresent(HostCreds, address))
    const host = await saveHost(backend, registration)
    if (!host)
      return await requireSame(
        backend,
        found(await storage.find(Host, address), `host "${address}"`),
        registration,
      )
    undo.unshift(() => storage.deleteIfPresent(Host, address))
    if (cluster) undo.unshift(() => removeMember(storage, cluster.name, address))
    await complete(backend, address, cluster)
    return host
  } catch (error) {
    await undoAll(backend, undo, address)
    throw error
  }
}

type Undo = () => Promise<unknown>

/** Stops at the first step that fails, so that a host is never left without its credentials. */
async function undoAll({ log }: Backend, undo: readonly Undo[], address: string): Promise<void> {
  try {
    for (const step of undo) await step()
  } catch (error) {
    log.warn({ address, reason: String(error) }, 'A failed registration was not undone; it can be repeated')
  }
}

/** Adds a stored host to its cluster, and announces it. */
async function complete(backend: Backend, address: string, cluster: Cluster | undefined): Promise<void> {
  const joined = cluster && (await addMember(backend.storage, cluster.name, address))
  await announce(backend, address, joined)
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

async function requireSame(backend: Backend, host: Host, registration: Registration): Promise<Host> {
  const { storage } = backend
  const { address, ssh_priv_key } = registration
  const stored = await storage.find(HostCreds, address)
  if (stored?.ssh_priv_key !== ssh_priv_key) throw differentKey(address)
  await requireMember(backend, host, registration)
  return pinReported(storage, host, registration.host_keys ?? [])
}

/** A host that is in no cluster and was never investigated is one whose registration was cut off; it is completed. */
async function requireMember(backend: Backend, host: Host, { cluster: name }: Registration): Promise<void> {
  if (!name) return
  const { address } = host
  const clusters = await backend.storage.list(Clusters)
  const current = clusters.filter(({ hostset }) => hostset.includes(address))
  if (current.some((cluster) => cluster.name === name)) return
  if (host.status === '' && current.length === 0)
    return complete(
      backend,
      address,
      clusters.find((cluster) => cluster.name === name),
    )
  throw new BusError('Conflict', `Host "${address}" exists already and is not in cluster "${name}".`)
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

/** Saves the credentials unless the host has some already; those must have the same key. Returns whether they are new. */
async function saveCredentials({ storage }: Backend, registration: Registration): Promise<boolean> {
  const { address, ssh_priv_key, remote_user } = registration
  const creds = parseModel(HostCreds, { address, ssh_priv_key, remote_user: remote_user || undefined })
  try {
    await storage.save(HostCreds, creds, { revision: null })
    return true
  } catch (error) {
    if (!isConflict(error)) throw error
    const stored = await storage.find(HostCreds, address)
    if (stored?.ssh_priv_key !== ssh_priv_key) throw differentKey(address)
    return false
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
