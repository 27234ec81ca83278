/** Converts an error response to one message: RFC 9457 problem details, or any other body. */
import { STATUS_CODES } from 'node:http'
import type { Reply } from './http.ts'
import { member, textOf } from './json-value.ts'

/** The request that was refused, and where the credentials came from. */
export interface RefusedRequest {
  readonly method: string
  readonly path: string
  readonly endpoint: string
  readonly origin: string
}

/** Explains an answer that is neither a success nor a 404. */
export function explain(reply: Reply, request: RefusedRequest): string {
  const problem = parsed(reply.text)
  if ((reply.status === 401 || reply.status === 403) && member(problem, 'needed_role') === undefined)
    return `The provided credentials were incorrect: ${request.endpoint} refused them. They come from ${request.origin}.`
  if (reply.status >= 300 && reply.status < 400)
    return `${request.endpoint} redirects elsewhere (${reply.status}). Put the address it redirects to into the configuration.`
  const verb = { GET: 'get', PUT: 'put', POST: 'post', DELETE: 'delete' }[request.method] ?? request.method
  const said = textOf(member(problem, 'detail')) ?? textOf(member(problem, 'title')) ?? snippet(reply.text)
  const head = `Unable to ${verb} ${request.path}: ${said ?? 'no reason given'} (${reply.status} ${STATUS_CODES[reply.status] ?? 'unknown'})`
  return [head, ...faultLines(problem), ...logHint(problem, reply.status)].join('\n')
}

/** What a body says in detail, if it is one of RFC 9457. */
export function detailOf(body: string): string | undefined {
  return textOf(member(parsed(body), 'detail'))
}

/** The single faults of a body, whatever the member is called that lists them. */
function faultLines(problem: unknown): string[] {
  const list = [member(problem, 'faults'), member(problem, 'errors')].find(Array.isArray) ?? []
  return list.map((fault: unknown) => {
    const where = textOf(member(fault, 'path')) ?? textOf(member(fault, 'pointer'))
    const what = textOf(member(fault, 'message')) ?? textOf(member(fault, 'detail')) ?? JSON.stringify(fault)
    return `- ${where ? `${where}: ` : ''}${what}`
  })
}

function logHint(problem: unknown, status: number): string[] {
  const id = textOf(member(problem, 'id')) ?? textOf(member(problem, 'instance'))
  return status >= 500 && id ? [`The server's log has more under ${id}.`] : []
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function snippet(body: string): string | undefined {
  return textOf(
    body
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 200),
  )
}
