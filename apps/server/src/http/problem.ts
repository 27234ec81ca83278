/**
 * Error responses: `application/problem+json` of RFC 9457.
 *
 * For a wrong request the response says what is wrong with it. For an error of the server it contains the status and an
 * id only; the log has the details under that id.
 */
import { STATUS_CODES } from 'node:http'
import type { Logger } from '@commissaire/bus'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { faultsIn, statusOf } from './errors.ts'
import { RequestError } from './request-error.ts'

const Fault = z.object({ path: z.string(), message: z.string() })

/** The body of every error response. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  /** The role that the request requires, when the user has a lesser one. */
  needed_role: z.string().optional(),
  /** All faults of the request. */
  faults: z.array(Fault).optional(),
  /** The id under which the log has more; present with every status from 500 on. */
  id: z.string().optional(),
})
export type Problem = z.infer<typeof Problem>

const content = { 'application/problem+json': { schema: Problem } }

/** Describes these error responses in the OpenAPI document. */
export function onlyProblems(...statuses: number[]): Record<number, object> {
  const described = statuses.map((status) => [status, { description: STATUS_CODES[status], content }])
  return { ...Object.fromEntries(described), default: { description: 'Any other error', content } }
}

/** The statuses of errors that every endpoint of the API may answer. */
export const sharedStatuses: readonly number[] = [400, 403, 413, 414, 415, 429, 500, 502, 503, 504, 507]

/** Describes the error responses of an endpoint in the OpenAPI document, including those that all endpoints share. */
export function problems(...statuses: number[]): Record<number, object> {
  return onlyProblems(...sharedStatuses, ...statuses)
}

/** Creates the handler that turns errors of routes into responses and logs errors of the server. */
export function problemHandler(log: Logger) {
  return async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const status = statusFor(error, request)
    const problem = problemOf(error, status, request.id)
    if (status >= 500 && !(error instanceof RequestError)) {
      const { method, id } = request
      log.error({ id, method, path: pathOf(request), status, err: loggable(error) }, 'A request failed')
    }
    return sendProblem(reply, problem)
  }
}

/** Sends a problem as the response. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((body) => JSON.stringify(body))
    .send(problem)
}

/** Creates a problem with a status and a detail. */
export function problem(status: number, detail?: string): Problem {
  const title = STATUS_CODES[status] ?? 'Error'
  return { type: 'about:blank', title, status, ...(detail === undefined ? {} : { detail }) }
}

/** Returns the path of a request without the query. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? request.url
}

/** An invalid name in the path is 404, since nothing can have that name; with PUT, which would create it, it is 400. */
function statusFor(error: unknown, request: FastifyRequest): number {
  const inPath = attribute(error, 'validationContext') === 'params'
  return inPath && request.method !== 'PUT' ? 404 : statusOf(error)
}

function problemOf(error: unknown, status: number, id: string): Problem {
  if (status === 500) return { ...problem(500), id }
  const plain = problem(status, detailOf(error))
  if (status > 500) return { ...plain, id }
  const faults = z.array(Fault).safeParse(faultsIn(error))
  return faults.success ? { ...plain, faults: faults.data } : plain
}

/** The texts for the errors of the web framework, by code. */
const bodyErrors: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is too large; see the limits in the reference.',
  FST_ERR_CTP_INVALID_MEDIA_TYPE:
    'The Content-Type is not a media type; send the body as "application/json".',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is shorter or longer than Content-Length says.',
}

function detailOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return bodyErrors[String(attribute(error, 'code'))] ?? message
}

/** Leaves out the data of an error, which may contain secrets. */
function loggable(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack, cause } = error
  const code = attribute(error, 'code')
  return { type: name, message, stack, code, ...(cause === undefined ? {} : { cause: loggable(cause) }) }
}

function attribute(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
}
