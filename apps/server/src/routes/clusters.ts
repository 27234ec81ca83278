/** Clusters: `/clusters` and `/cluster/{name}`. */
import {
  bootstrapProfiles,
  Cluster,
  Clusters,
  defaultNetwork,
  Hosts,
  Network,
  parseModel,
  safeModel,
  withHosts,
} from '@commissaire/models'
import { isConflict } from '@commissaire/storage'
import { registerHosts, unregisterHosts } from '@commissaire/storage/host-lifecycle'
import { z } from 'zod'
import { type App, type Backend, lifecycleOf } from '../backend.ts'
import { found } from '../http/errors.ts'
import { problems } from '../http/problem.ts'
import { ClusterWithHosts, NamePath, Names, Nothing, views } from './views.ts'

const Changes = z.object({
  container_manager: z.string().nullish().describe('The container manager of the cluster.'),
  network: z
    .string()
    .nullish()
    .describe('The network of the cluster; an unknown one is replaced by `default`.'),
  bootstrap: z
    .enum(['', ...bootstrapProfiles])
    .nullish()
    .describe('The bootstrap profile of its hosts; empty: the investigator chooses.'),
})

/** Adds the endpoints. */
export function clusters(app: App, backend: Backend): void {
  for (const add of [listClusters, getCluster, putCluster, deleteCluster]) add(app, backend)
}

function listClusters(app: App, { storage }: Backend): void {
  app.route({
    method: 'GET',
    url: '/clusters',
    schema: {
      tags: ['clusters'],
      summary: 'Lists the names of all clusters',
      response: { 200: Names, ...problems() },
    },
    handler: async () => (await storage.list(Clusters)).map(({ name }) => name),
  })
}

function getCluster(app: App, backend: Backend): void {
  app.route({
    method: 'GET',
    url: '/cluster/:name',
    schema: {
      tags: ['clusters'],
      summary: 'Returns a cluster with its status and the counts of its hosts',
      params: NamePath,
      response: { 200: ClusterWithHosts, ...problems(404) },
    },
    handler: async ({ params: { name } }) => showCluster(backend, name),
  })
}

function putCluster(app: App, backend: Backend): void {
  app.route({
    method: 'PUT',
    url: '/cluster/:name',
    schema: {
      tags: ['clusters'],
      summary: 'Creates a cluster, or changes the given members of an existing one',
      params: NamePath,
      body: Changes,
      response: { 201: views.Cluster, ...problems() },
    },
    handler: async ({ params: { name }, body }, reply) => {
      reply.code(201)
      return safeModel(Cluster, await withCurrentHosts(backend, await saveCluster(backend, name, body)))
    },
  })
}

function deleteCluster(app: App, backend: Backend): void {
  app.route({
    method: 'DELETE',
    url: '/cluster/:name',
    schema: {
      tags: ['clusters'],
      summary: 'Deletes a cluster, and removes its hosts from its container manager',
      params: NamePath,
      response: { 200: Nothing, ...problems(404) },
    },
    handler: async ({ params: { name } }) => {
      await unregisterAndDelete(backend, name)
      return [] as []
    },
  })
}

/** Returns a cluster for a response, with the counts of its hosts and its current status. */
export async function showCluster(backend: Backend, name: string): Promise<Record<string, unknown>> {
  const cluster = found(await backend.storage.find(Cluster, name), `cluster "${name}"`)
  return { ...(await withCurrentHosts(backend, cluster)) }
}

async function withCurrentHosts(
  { storage }: Backend,
  cluster: Cluster,
): Promise<ReturnType<typeof withHosts>> {
  return withHosts(cluster, cluster.hostset.length > 0 ? await storage.list(Hosts) : [])
}

async function saveCluster(
  backend: Backend,
  name: string,
  { container_manager, network, bootstrap }: z.infer<typeof Changes>,
): Promise<Cluster> {
  const { storage } = backend
  const changes = {
    ...(network != null && { network: (await storage.find(Network, network))?.name ?? defaultNetwork.name }),
    ...(container_manager != null && { container_manager }),
    ...(bootstrap != null && { bootstrap }),
  }
  try {
    return await storage.save(Cluster, parseModel(Cluster, { name, ...changes }), { revision: null })
  } catch (error) {
    if (!isConflict(error)) throw error
    return changeCluster(backend, name, changes)
  }
}

/**
 * Its hosts leave the old container manager before the cluster has the new one: where the old one is away nothing has
 * changed, and where the new one is, asking again registers those that it does not have.
 */
async function changeCluster(backend: Backend, name: string, changes: Partial<Cluster>): Promise<Cluster> {
  const { storage } = backend
  const before = await storage.get(Cluster, name)
  const { container_manager } = changes
  const moves = container_manager !== undefined && container_manager !== before.container_manager
  if (moves) await unregisterHosts(lifecycleOf(backend), before)
  const after = await storage.update(Cluster, name, (present) => ({ ...present, ...changes }))
  if (container_manager !== undefined) await registerHosts(lifecycleOf(backend), after)
  return after
}

async function unregisterAndDelete(backend: Backend, name: string): Promise<void> {
  const cluster = found(await backend.storage.find(Cluster, name), `cluster "${name}"`)
  await unregisterHosts(lifecycleOf(backend), cluster)
  await backend.storage.delete(Cluster, name)
}
