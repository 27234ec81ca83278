/** Starts an operation, `POST /operations`, and returns the plan of one, `POST /operations/plan`. */
import { address, name, Operation, operationKindNames, parseModel, safeModel } from '@commissaire/models'
import { z } from 'zod'
import type { App, Backend } from '../../backend.ts'
import { requireJson } from '../../http/json-body.ts'
import { problems } from '../../http/problem.ts'
import { OperationPlan, Policy, views } from '../views.ts'

const tags = ['operations']

/** Strict, so that a mistyped `hosts` does not become all hosts. */
const OperationInput = z.strictObject({
  kind: z.enum(operationKindNames),
  cluster: name,
  version: z.string().nullish().describe('The version of a deployment.'),
  command: z.string().nullish().describe('The command that `exec` runs on each host.'),
  hosts: z.array(address).nullish().describe('Only these hosts of the cluster; none: all.'),
  policy: Policy.nullish(),
})

/** In milliseconds. The start waits for an operation that is just ending; a plan asks every host. */
const START_TIMEOUT = 30_000
const PLAN_TIMEOUT = 120_000

/** Adds the endpoints. */
export function operationStart(app: App, backend: Backend): void {
  for (const add of [startOperation, planOperation]) add(app, backend)
}

function startOperation(app: App, { bus }: Backend): void {
  app.route({
    method: 'POST',
    url: '/operations',
    preValidation: requireJson,
    schema: {
      tags,
      summary: 'Starts an operation; answers at once',
      body: OperationInput,
      response: { 201: views.Operation, ...problems(404, 405, 409) },
    },
    handler: async ({ body, identity }, reply) => {
      const params = { ...paramsOf(body), ...(identity && { by: identity.user }) }
      const operation = await bus.request('jobs.clusterexec.start', params, { timeout: START_TIMEOUT })
      reply.code(201)
      return safeModel(Operation, parseModel(Operation, operation))
    },
  })
}

function planOperation(app: App, { bus }: Backend): void {
  app.route({
    method: 'POST',
    url: '/operations/plan',
    preValidation: requireJson,
    schema: {
      tags,
      summary: 'Returns the plan of an operation; changes nothing',
      body: OperationInput,
      response: { 200: OperationPlan, ...problems(404, 405) },
    },
    handler: async ({ body }) =>
      bus.request<Record<string, unknown>>('jobs.clusterexec.plan', paramsOf(body), {
        timeout: PLAN_TIMEOUT,
      }),
  })
}

function paramsOf({ cluster, ...rest }: z.output<typeof OperationInput>): Record<string, unknown> {
  const stated = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined)
  return { cluster_name: cluster, ...Object.fromEntries(stated) }
}
