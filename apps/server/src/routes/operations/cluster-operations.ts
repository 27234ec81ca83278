/** The older endpoints of operations on a cluster: `/cluster/{name}/deploy`, `/upgrade` and `/restart`. */
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
import type { Identity } from '../../auth/authenticator.ts'
import type { App, Backend } from '../../backend.ts'
import { found } from '../../http/errors.ts'
import { problems } from '../../http/problem.ts'
import { NamePath, Policy, type View, views } from '../views.ts'

interface ClusterOperation {
  readonly verb: string
  readonly model: ModelDefinition
  readonly view: View
  readonly does: string
}

const upgrade = {
  verb: 'upgrade',
  model: ClusterUpgrade,
  view: views.ClusterUpgrade,
  does: 'Upgrades the hosts of a cluster',
}
const restart = {
  verb: 'restart',
  model: ClusterRestart,
  view: views.ClusterRestart,
  does: 'Restarts the hosts of a cluster',
}
const deploy = {
  verb: 'deploy',
  model: ClusterDeploy,
  view: views.ClusterDeploy,
  does: 'Deploys a version on the hosts of a cluster',
}

const Rollout = z.object({ policy: Policy.nullish() })
const Deployment = Rollout.extend({ version: z.string().min(1).describe('The version to deploy.') })

/** Adds the endpoints. */
export function clusterOperations(app: App, backend: Backend): void {
  for (const operation of [upgrade, restart, deploy]) showsProgress(app, backend, operation)
  for (const operation of [upgrade, restart]) starts(app, backend, operation)

  app.route({
    method: 'PUT',
    url: '/cluster/:name/deploy',
    schema: { ...startSchema(deploy), body: Deployment },
    handler: async ({ params: { name }, body: { version, policy }, identity }, reply) => {
      reply.code(201)
      return start(backend, deploy, { params: [name, version, ...policyParams(policy)], identity })
    },
  })
}

function starts(app: App, backend: Backend, operation: ClusterOperation): void {
  app.route({
    method: 'PUT',
    url: `/cluster/:name/${operation.verb}`,
    schema: { ...startSchema(operation), body: Rollout },
    handler: async ({ params: { name }, body: { policy }, identity }, reply) => {
      reply.code(201)
      return start(backend, operation, { params: [name, ...policyParams(policy)], identity })
    },
  })
}

/** Services of older versions accept no policy, so it is only sent when it was given. */
function policyParams(policy: object | null | undefined): object[] {
  return policy ? [policy] : []
}

function showsProgress(app: App, { storage }: Backend, { verb, model, view }: ClusterOperation): void {
  app.route({
    method: 'GET',
    url: `/cluster/:name/${verb}`,
    schema: {
      tags: ['operations'],
      summary: `Returns the progress of the last ${verb} of a cluster`,
      params: NamePath,
      response: { 200: view, ...problems(404) },
    },
    handler: async ({ params: { name } }) =>
      safeModel(model, found(await storage.find(model, name), `${verb} of cluster "${name}"`)),
  })
}

function startSchema({ view, does }: ClusterOperation) {
  return {
    tags: ['operations'],
    summary: `${does}; answers at once`,
    params: NamePath,
    response: { 201: view, ...problems(404, 405, 409) },
  }
}

async function start(
  { bus, storage }: Backend,
  { verb, model }: ClusterOperation,
  { params, identity }: { params: [name: string, ...rest: unknown[]]; identity: Identity | null },
): Promise<Record<string, unknown>> {
  const [name] = params
  found(await storage.find(Cluster, name), `cluster "${name}"`)
  // Sent as a header, because services of older versions accept no further argument.
  const headers = identity ? { by: encodeURIComponent(identity.user) } : {}
  const begun = await bus.request(`jobs.clusterexec.${verb}`, params, { headers })
  return safeModel(model, parseModel(model, begun))
}
