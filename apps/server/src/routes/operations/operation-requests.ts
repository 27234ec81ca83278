/** What may be asked of an operation: to pause, resume, be cancelled, retry, skip or release hosts, or change its pace. */
import { address, Amount, Operation, type ControlRequest, parseModel, safeModel } from '@commissaire/models'
import { z } from 'zod'
import type { App, Backend } from '../../backend.ts'
import { problems } from '../../http/problem.ts'
import { OperationPath, views } from '../views.ts'
import { operationAt, operationHostAt } from './operations.ts'

type What = ControlRequest['what']

const verbs: Readonly<Record<Exclude<What, 'throttle'>, string>> = {
  pause: 'Begins no further host; those that were begun come to their end, or back where they were',
  resume: 'Goes on with a paused operation',
  cancel: 'Ends an operation; hosts that were begun come to their end, or back where they were',
  retry: 'Takes failed hosts up again at the step that failed, and goes on',
  skip: 'Leaves out hosts that wait or failed',
  release: 'Lets go on with hosts that a drain holds',
}

/** Strict, as a mistyped `hosts` must not become all hosts. */
const Request = z.strictObject({
  hosts: z.array(address).nullish().describe('The hosts meant; none: all that it can be meant for.'),
  reason: z.string().max(1000).nullish().describe('Why, for the history.'),
})

const Pace = z.strictObject({
  max_unavailable: Amount.describe('How many hosts may be away at once, or what part of all.'),
  reason: Request.shape.reason,
})

/** Milliseconds. The answer comes when the request took effect, within seconds; a dead worker is noticed in ten. */
const TIMEOUT = 30_000

/** Adds the endpoints. */
export function operationRequests(app: App, backend: Backend): void {
  for (const [verb, summary] of Object.entries(verbs)) {
    app.route({
      method: 'PUT',
      url: `/operations/:id/${verb}`,
      schema: { ...answers(summary), body: Request },
      handler: async ({ params: { id }, body, identity }, reply) => {
        reply.code(201)
        return ask(backend, id, { what: verb, ...body, by: identity?.user })
      },
    })
  }

  app.route({
    method: 'PUT',
    url: '/operations/:id/concurrency',
    schema: { ...answers('Changes how many hosts may be away at once'), body: Pace },
    handler: async ({ params: { id }, body, identity }, reply) => {
      reply.code(201)
      return ask(backend, id, { what: 'throttle', ...body, by: identity?.user })
    },
  })
}

function answers(summary: string) {
  return {
    tags: ['operations'],
    summary,
    params: OperationPath,
    response: { 201: views.Operation, ...problems(404, 405, 409) },
  }
}

interface Asked {
  readonly what: string
  readonly hosts?: readonly string[] | null | undefined
  readonly [more: string]: unknown
}

async function ask(backend: Backend, id: string, asked: Asked): Promise<Record<string, unknown>> {
  await operationAt(backend, id)
  await Promise.all((asked.hosts ?? []).map((host) => operationHostAt(backend, { id, address: host })))
  const stated = Object.entries(asked).filter(([, value]) => value !== null && value !== undefined)
  const params = { operation: id, ...Object.fromEntries(stated) }
  const operation = await backend.bus.request('jobs.clusterexec.ask', params, { timeout: TIMEOUT })
  return safeModel(Operation, parseModel(Operation, operation))
}
