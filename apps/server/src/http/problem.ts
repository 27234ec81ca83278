/**
 * How an error looks to a client: `application/problem+json` of RFC 9457.
 *
 * A person who sends a wrong request reads what is wrong with it. Of what goes wrong on our side a client learns the
 * status and an id; the rest is in the log under that id.
 */
import { STATUS_CODES } from 'node:http'
import type { Logger } from '@commissaire/bus'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { faultsIn, statusOf } from './errors.ts'

const Fault = z.object({ path: z.string(), message: z.string() })

/** The body of every answer that is no success. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  /** The role that is needed, where whoever is logged in has a lesser one. */
  needed_role: z.string().optional(),
  /** What is wrong with the body, all of it. */
  faults: z.array(Fault).optional(),
  /** Under what id the log has more; with every status of 500 and above. */
  id: z.string().optional(),
})
export type Problem = z.infer<typeof Problem>

const content = { 'application/problem+json': { schema: Problem } }

/** The documentation of these errors. */
export function onlyProblems(...statuses: number[]): Record<number, object> {
  return Object.fromEntries(
    statuses.map((status) => [status, { description: STATUS_CODES[status], content }]),
  )
}

/** The documentation of the errors that an endpoint answers, with those that all of them do. */
export function problems(...statuses: number[]): Record<number, object> {
  return onlyProblems(400, 403, ...statuses, 429, 500, 502, 503, 504)
}

/** Makes the handler that turns whatever a route threw into an answer, and logs what is ours to mend. */
export function problemHandler(log: Logger) {
  return async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const status = statusFor(error, request)
    const problem = problemOf(error, status, request.id)
    if (status >= 500) {
      const { method, id } = request
      log.error({ id, method, path: pathOf(request), status, err: loggable(error) }, 'A request failed')
    }
    return sendProblem(reply, problem)
  }
}

/** Answers with this problem. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((body) => JSON.stringify(body))
    .send(problem)
}

/** A problem without peculiarities. */
export function problem(status: number, detail?: string): Problem {
  const title = STATUS_CODES[status] ?? 'Error'
  return { type: 'about:blank', title, status, ...(detail === undefined ? {} : { detail }) }
}

/** The path of a request, without the query. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? request.url
}

/** A name that nothing can have is not found; only where it would be given to something it is a fault of the request. */
function statusFor(error: unknown, request: FastifyRequest): number {
  const inPath = attribute(error, 'validationContext') === 'params'
  return inPath && request.method !== 'PUT' ? 404 : statusOf(error)
}

function problemOf(error: unknown, status: number, id: string): Problem {
  if (status === 500) return { ...problem(500), id }
  const plain = problem(status, error instanceof Error ? error.message : String(error))
  if (status > 500) return { ...plain, id }
  const faults = z.array(Fault).safeParse(faultsIn(error))
  return faults.success ? { ...plain, faults: faults.data } : plain
}

/** What the log gets to see: never the data of an error, which may quote a model. */
function loggable(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack, cause } = error
  const code = attribute(error, 'code')
  return { type: name, message, stack, code, ...(cause === undefined ? {} : { cause: loggable(cause) }) }
}

function attribute(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
}
