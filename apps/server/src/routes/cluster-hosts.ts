/** The hosts of a cluster: `/cluster/{name}/hosts` and `/cluster/{name}/hosts/{host}`. */
import { BusError } from '@commissaire/bus'
import { address, Cluster, Host, Hosts, name } from '@commissaire/models'
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import { found } from '../http/errors.ts'
import {
  addToHostset,
  mayJoin,
  register,
  removeFromHostset,
  requireReady,
  unregister,
} from '../hosts/membership.ts'
import { problems } from '../http/problem.ts'
import { ClusterWithHosts, NamePath, Nothing } from './views.ts'
import { showCluster } from './clusters.ts'

const Addresses = z.array(address)

const Change = z.object({
  old: Addresses.describe('The hosts that the cluster has, as the client knows them.'),
  new: Addresses.describe('The hosts that it is to have.'),
})

const MemberPath = z.object({ name, host: address })

/** Adds the endpoints. */
export function clusterHosts(app: App, backend: Backend): void {
  const tags = ['cluster hosts']

  app.route({
    method: 'GET',
    url: '/cluster/:name/hosts',
    schema: {
      tags,
      summary: 'The addresses of its hosts',
      params: NamePath,
      response: { 200: Addresses, ...problems(404) },
    },
    handler: async ({ params }) => (await clusterNamed(backend, params.name)).hostset,
  })

  app.route({
    method: 'PUT',
    url: '/cluster/:name/hosts',
    schema: {
      tags,
      summary: 'Replaces its hosts, if it still has those that the client knows',
      params: NamePath,
      body: Change,
      response: { 200: ClusterWithHosts, ...problems(404, 405, 409) },
    },
    handler: async ({ params, body }) => {
      await replaceHosts(backend, params.name, body)
      return showCluster(backend, params.name)
    },
  })

  app.route({
    method: 'GET',
    url: '/cluster/:name/hosts/:host',
    schema: {
      tags,
      summary: 'Whether it has this host',
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

  app.route({
    method: 'PUT',
    url: '/cluster/:name/hosts/:host',
    schema: {
      tags,
      summary: 'Adds a host, and registers it with the container manager',
      params: MemberPath,
      response: { 200: Addresses, ...problems(404, 405) },
    },
    handler: async ({ params: { name, host } }) => {
      await join(backend, name, host)
      return [host]
    },
  })

  app.route({
    method: 'DELETE',
    url: '/cluster/:name/hosts/:host',
    schema: {
      tags,
      summary: 'Removes a host, also from the container manager',
      params: MemberPath,
      response: { 200: Nothing, ...problems(404) },
    },
    handler: async ({ params: { name, host } }) => {
      await leave(backend, name, host)
      return [] as []
    },
  })
}

/** Those who were members already are registered too where that is still to be done, so that asking again mends it. */
async function replaceHosts(backend: Backend, name: string, change: z.infer<typeof Change>): Promise<void> {
  const wanted = new Set(change.new)
  const before = await clusterNamed(backend, name)
  requireSame(before, change.old)
  const hosts = await hostsAt(backend, wanted)
  const added = [...wanted].filter((address) => !before.hostset.includes(address))
  requireReady(
    added.map((address) => found(hosts.get(address), `host "${address}"`)),
    name,
  )
  const cluster = await backend.storage.update(Cluster, name, (present) => {
    requireSame(present, change.old)
    return { ...present, hostset: [...wanted] }
  })
  const removed = before.hostset.filter((address) => !wanted.has(address))
  const unregistered = [...wanted].filter((address) => hosts.get(address)?.status === 'disassociated')
  for (const address of removed) await unregister(backend, cluster, address)
  for (const address of new Set([...added, ...unregistered])) await register(backend, cluster, address)
}

async function join(backend: Backend, name: string, address: string): Promise<void> {
  const host = found(await backend.storage.find(Host, address), `host "${address}"`)
  const { hostset } = await clusterNamed(backend, name)
  if (!hostset.includes(address)) requireReady([host], name)
  const cluster = await addToHostset(backend, name, address)
  // One that is still being investigated is registered by who investigates it.
  if (mayJoin(host)) await register(backend, cluster, address)
}

/** The node goes first: what fails then is found again, as the host is still a member. */
async function leave(backend: Backend, name: string, address: string): Promise<void> {
  const cluster = await clusterNamed(backend, name)
  if (!cluster.hostset.includes(address)) return
  await unregister(backend, cluster, address)
  await removeFromHostset(backend, name, address)
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

function requireSame({ name, hostset }: Cluster, old: readonly string[]): void {
  const present = new Set(hostset)
  if (present.size === new Set(old).size && old.every((address) => present.has(address))) return
  throw new BusError(
    'Conflict',
    `The hosts of cluster "${name}" are not those given as "old"; read them again.`,
  )
}
