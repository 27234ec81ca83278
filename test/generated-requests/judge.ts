/** Compares a response with what the OpenAPI document says about it. */
import { z } from 'zod'
import type { GeneratedRequest } from './requests.ts'
import type { Response } from './response.ts'

const Problem = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().optional(),
  needed_role: z.string().optional(),
  faults: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
  id: z.string().optional(),
})

/** Returns what is wrong with the response; empty when nothing is. */
export function faultsOf(request: GeneratedRequest, response: Response): string[] {
  const common = [
    ...(response.headers.get('x-request-id') ? [] : ['it has no X-Request-Id']),
    ...(/FST_|fastify|HPE_|node:|at .+\.ts:\d/i.test(response.text)
      ? ['it names what the server is made of']
      : []),
    ...(response.status === 500 ? ['it is an unexpected error'] : []),
  ]
  const body = request.method === 'HEAD' ? [] : bodyFaults(request, response)
  return [...common, ...documentFaults(request, response), ...body]
}

/** The error that the status of a wrong request to no endpoint of the document may be. */
const generalStatuses = new Set([200, 400, 403, 404, 405, 408, 413, 414, 415, 417, 431, 501])

function documentFaults({ endpoint }: GeneratedRequest, { status }: Response): string[] {
  if (!endpoint)
    return generalStatuses.has(status) ? [] : [`${status} is no status of a request to no endpoint`]
  const { responses } = endpoint
  const isKnown =
    responses.has(String(status)) || (status >= 400 && status !== 500 && responses.has('default'))
  return isKnown ? [] : [`${status} is not in the document`]
}

function bodyFaults(request: GeneratedRequest, { status, headers, text }: Response): string[] {
  const type = headers.get('content-type') ?? 'none'
  if (status >= 400) {
    if (type !== 'application/problem+json') return [`its content type is ${type}`]
    return faults(
      Problem.refine((problem) => problem.status === status),
      text,
    )
  }
  const schema = request.endpoint?.responses.get(String(status))
  return schema ? faults(schema, text) : []
}

function faults(schema: z.ZodType, text: string): string[] {
  const { error } = schema.safeParse(parsed(text))
  return error ? [`its body does not fit: ${z.prettifyError(error)}`] : []
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
