/** Control requests to an operation: pause, resume, cancel, retry, skip and release hosts, and change the budget. */
import { address, Amount, Operation, type ControlRequest, parseModel, safeModel } from '@commissaire/models'
import { z } from 'zod'
import type { App, Backend } from '../../backend.ts'
import { problems } from '../../http/problem.ts'
import { OperationPath, views } from '../views.ts'
import { operationAt, operationHostAt } from './operations.ts'

type ControlAction = ControlRequest['what']

const verbs: Readonly<Record<Exclude<ControlAction, 'throttle'>, string>> = {
  pause: 'Pauses an operation; hosts in progress are completed or returned',
  resume: 'Resumes a paused operation',
  cancel: 'Cancels an operation; hosts in progress are completed or returned',
  retry: 'Retries failed hosts from the failed step, and resumes the operation',
  skip: 'Skips hosts that wait or failed',
  release: 'Releases hosts that a drain holds',
}

/** Strict, so that a mistyped `hosts` does not become all hosts. */
const ControlInput = z.strictObject({
  hosts: z
    .array(address)
    .nullish()
    .describe('The hosts that the request is for; default: all that are possible.'),
  reason: z.string().max(1000).nullish().describe('The reason, for the history.'),
})

const ConcurrencyInput = z.strictObject({
  max_unavailable: Amount.describe('How many hosts may be unavailable at once: a number or a percentage.'),
  reason: ControlInput.shape.reason,
})

/** In milliseconds. The reply comes when the request took effect, within seconds; a dead worker is detected after ten. */
const TIMEOUT = 30_000

/** Adds the endpoints. */
export function operationRequests(app: App, backend: Backend): void {
  for (const [verb, summary] of Object.entries(verbs)) {
    app.route({
      method: 'PUT',
      url: `/operations/:id/${verb}`,
      schema: { ...controlSchema(summary), body: ControlInput },
      handler: async ({ params: { id }, body, identity }, reply) => {
        reply.code(201)
        return sendControlRequest(backend, id, { what: verb, ...body, by: identity?.user })
      },
    })
  }

  app.route({
    method: 'PUT',
    url: '/operations/:id/concurrency',
    schema: {
      ...controlSchema('Changes the budget: how many hosts may be unavailable at once'),
      body: ConcurrencyInput,
    },
    handler: async ({ params: { id }, body, identity }, reply) => {
      reply.code(201)
      return sendControlRequest(backend, id, { what: 'throttle', ...body, by: identity?.user })
    },
  })
}

function controlSchema(summary: string) {
  return {
    tags: ['operations'],
    summary,
    params: OperationPath,
    response: { 201: views.Operation, ...problems(404, 405, 409) },
  }
}

interface ControlParams {
  readonly what: string
  readonly hosts?: readonly string[] | null | undefined
  readonly [more: string]: unknown
}

async function sendControlRequest(
  backend: Backend,
  id: string,
  asked: ControlParams,
): Promise<Record<string, unknown>> {
  await operationAt(backend, id)
  await Promise.all((asked.hosts ?? []).map((host) => operationHostAt(backend, { id, address: host })))
  const stated = Object.entries(asked).filter(([, value]) => value !== null && value !== undefined)
  const params = { operation: id, ...Object.fromEntries(stated) }
  const operation = await backend.bus.request('jobs.clusterexec.ask', params, { timeout: TIMEOUT })
  return safeModel(Operation, parseModel(Operation, operation))
}
