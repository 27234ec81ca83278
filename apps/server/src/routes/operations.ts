/** Rolling operations on a cluster: `/cluster/{name}/deploy`, `/upgrade` and `/restart`. */
import {
  Cluster,
  ClusterDeploy,
  ClusterRestart,
  ClusterUpgrade,
  type ModelDefinition,
  parseModel,
  safeModel,
} from '@commissaire/models'
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import { found } from '../errors.ts'
import { problems } from '../problem.ts'
import { NamePath, type View, views } from '../views.ts'

interface Operation {
  readonly verb: string
  readonly model: ModelDefinition
  readonly view: View
  readonly does: string
}

const upgrade = {
  verb: 'upgrade',
  model: ClusterUpgrade,
  view: views.ClusterUpgrade,
  does: 'Upgrades its hosts',
}
const restart = {
  verb: 'restart',
  model: ClusterRestart,
  view: views.ClusterRestart,
  does: 'Restarts its hosts',
}
const deploy = {
  verb: 'deploy',
  model: ClusterDeploy,
  view: views.ClusterDeploy,
  does: 'Deploys a version on its hosts',
}

const Deployment = z.object({ version: z.string().min(1).describe('What to deploy.') })

/** Adds the endpoints. */
export function operations(app: App, backend: Backend): void {
  for (const operation of [upgrade, restart, deploy]) showsProgress(app, backend, operation)
  for (const operation of [upgrade, restart]) starts(app, backend, operation)

  app.route({
    method: 'PUT',
    url: '/cluster/:name/deploy',
    schema: { ...startSchema(deploy), body: Deployment },
    handler: async ({ params: { name }, body: { version } }, reply) => {
      reply.code(201)
      return start(backend, deploy, [name, version])
    },
  })
}

function starts(app: App, backend: Backend, operation: Operation): void {
  app.route({
    method: 'PUT',
    url: `/cluster/:name/${operation.verb}`,
    schema: startSchema(operation),
    handler: async ({ params: { name } }, reply) => {
      reply.code(201)
      return start(backend, operation, [name])
    },
  })
}

function showsProgress(app: App, { storage }: Backend, { verb, model, view }: Operation): void {
  app.route({
    method: 'GET',
    url: `/cluster/:name/${verb}`,
    schema: {
      tags: ['operations'],
      summary: `How far the last ${verb} is`,
      params: NamePath,
      response: { 200: view, ...problems(404) },
    },
    handler: async ({ params: { name } }) =>
      safeModel(model, found(await storage.find(model, name), `${verb} of cluster "${name}"`)),
  })
}

function startSchema({ view, does }: Operation) {
  return {
    tags: ['operations'],
    summary: `${does}, one after another; answers at once`,
    params: NamePath,
    response: { 201: view, ...problems(404, 405, 409) },
  }
}

async function start(
  { bus, storage }: Backend,
  { verb, model }: Operation,
  params: [name: string, ...rest: string[]],
): Promise<Record<string, unknown>> {
  const [name] = params
  found(await storage.find(Cluster, name), `cluster "${name}"`)
  return safeModel(model, parseModel(model, await bus.request(`jobs.clusterexec.${verb}`, params)))
}
