/** The hosts of a cluster: `/cluster/{name}/hosts` and `/cluster/{name}/hosts/{host}`. */
import { address, Cluster, Host, Hosts, isAvailableHost, isReadyHost, name } from '@commissaire/models'
import {
  addMember,
  registerHost,
  removeMember,
  replaceMembers,
  requireMembers,
  requireReady,
  unregisterHost,
} from '@commissaire/storage/host-lifecycle'
import { z } from 'zod'
import { type App, type Backend, lifecycleOf } from '../backend.ts'
import { found } from '../http/errors.ts'
import { problems } from '../http/problem.ts'
import { ClusterWithHosts, NamePath, Nothing } from './views.ts'
import { showCluster } from './clusters.ts'

const Addresses = z.array(address)

const Change = z.object({
  old: Addresses.describe('The hosts that the cluster has, as the client knows them.'),
  new: Addresses.describe('The hosts that the cluster should have.'),
})

const MemberPath = z.object({ name, host: address })

const tags = ['cluster hosts']

/** Adds the endpoints. */
export function clusterHosts(app: App, backend: Backend): void {
  for (const add of [getMembers, putMembers, getMember, putMember, deleteMember]) add(app, backend)
}

function getMembers(app: App, backend: Backend): void {
  app.route({
    method: 'GET',
    url: '/cluster/:name/hosts',
    schema: {
      tags,
      summary: 'Lists the addresses of the hosts of a cluster',
      params: NamePath,
      response: { 200: Addresses, ...problems(404) },
    },
    handler: async ({ params }) => (await clusterNamed(backend, params.name)).hostset,
  })
}

function putMembers(app: App, backend: Backend): void {
  app.route({
    method: 'PUT',
    url: '/cluster/:name/hosts',
    schema: {
      tags,
      summary: 'Replaces the hosts of a cluster, if it still has the hosts in `old`',
      params: NamePath,
      body: Change,
      response: { 200: ClusterWithHosts, ...problems(404, 405, 409) },
    },
    handler: async ({ params, body }) => {
      await replaceHosts(backend, params.name, body)
      return showCluster(backend, params.name)
    },
  })
}

function getMember(app: App, backend: Backend): void {
  app.route({
    method: 'GET',
    url: '/cluster/:name/hosts/:host',
    schema: {
      tags,
      summary: 'Checks whether a host is in a cluster',
      params: MemberPath,
      response: { 200: Addresses, ...problems(404) },
    },
    handler: async ({ params: { name, host } }) => {
      const cluster = await clusterNamed(backend, name)
      return [
        found(
          cluster.hostset.find((member) => member === host),
          `host "${host}" in cluster "${name}"`,
        ),
      ]
    },
  })
}

function putMember(app: App, backend: Backend): void {
  app.route({
    method: 'PUT',
    url: '/cluster/:name/hosts/:host',
    schema: {
      tags,
      summary: 'Adds a host to a cluster and registers it with the container manager',
      params: MemberPath,
      response: { 200: Addresses, ...problems(404, 405) },
    },
    handler: async ({ params: { name, host } }) => {
      await join(backend, name, host)
      return [host]
    },
  })
}

function deleteMember(app: App, backend: Backend): void {
  app.route({
    method: 'DELETE',
    url: '/cluster/:name/hosts/:host',
    schema: {
      tags,
      summary: 'Removes a host from a cluster and from the container manager',
      params: MemberPath,
      response: { 200: Nothing, ...problems(404) },
    },
    handler: async ({ params: { name, host } }) => {
      await leave(backend, name, host)
      return [] as []
    },
  })
}

/** Also registers existing members that are not registered yet, so that repeating the request completes a failed one. */
async function replaceHosts(backend: Backend, name: string, change: z.infer<typeof Change>): Promise<void> {
  const wanted = new Set(change.new)
  const before = await clusterNamed(backend, name)
  requireMembers(before, change.old)
  const hosts = await hostsAt(backend, wanted)
  const added = [...wanted].filter((address) => !before.hostset.includes(address))
  requireReady(
    added.map((address) => found(hosts.get(address), `host "${address}"`)),
    name,
  )
  const cluster = await replaceMembers(backend.storage, name, { old: change.old, wanted: [...wanted] })
  const removed = before.hostset.filter((address) => !wanted.has(address))
  const unregistered = [...hosts.values()].filter((host) => isReadyHost(host) && !isAvailableHost(host))
  const toRegister = new Set([...added, ...unregistered.map(({ address }) => address)])
  const lifecycle = lifecycleOf(backend)
  for (const address of removed) await unregisterHost(lifecycle, cluster, address)
  for (const address of toRegister) await registerHost(lifecycle, cluster, address)
}

async function join(backend: Backend, name: string, address: string): Promise<void> {
  const host = found(await backend.storage.find(Host, address), `host "${address}"`)
  const { hostset } = await clusterNamed(backend, name)
  if (!hostset.includes(address)) requireReady([host], name)
  const cluster = await addMember(backend.storage, name, address)
  // A host that is still being investigated is registered by the investigator.
  if (isReadyHost(host)) await registerHost(lifecycleOf(backend), cluster, address)
}

/** Removes the node first: if that fails, the host is still a member and the request can be repeated. */
async function leave(backend: Backend, name: string, address: string): Promise<void> {
  const cluster = await clusterNamed(backend, name)
  if (!cluster.hostset.includes(address)) return
  await unregisterHost(lifecycleOf(backend), cluster, address)
  await removeMember(backend.storage, name, address)
}

async function clusterNamed({ storage }: Backend, name: string): Promise<Cluster> {
  return found(await storage.find(Cluster, name), `cluster "${name}"`)
}

async function hostsAt(
  { storage }: Backend,
  addresses: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Host>> {
  const hosts = addresses.size > 0 ? await storage.list(Hosts) : []
  return new Map(hosts.filter(({ address }) => addresses.has(address)).map((host) => [host.address, host]))
}
