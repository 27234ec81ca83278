/**
 * Answers requests that reach no route because they cannot be read: broken HTTP, unknown methods, a URL that cannot be
 * decoded, headers that are too large. The answers are problem documents like all others.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from '@commissaire/bus'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Problem, problem, sendProblem } from './problem.ts'
import { RequestError } from './request-error.ts'
import { responseHeaders } from './response-headers.ts'

/** The longest name in a path, in characters. */
export const longestName = 255

type Refusal = readonly [status: number, detail: string]

/** By the code of the HTTP parser's error. */
const parserErrors: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [431, 'The URL and the headers are larger than 16 KiB.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions of the body are too large.'],
  HPE_INVALID_METHOD: [501, 'The method is not one of HTTP.'],
}

/** By the code of the router's error. */
const routerErrors: Readonly<Record<string, Refusal>> = {
  FST_ERR_BAD_URL: [
    400,
    'The path cannot be decoded: a percent sign must be followed by two hexadecimal digits that are part of UTF-8; write %25 for a percent sign.',
  ],
  FST_ERR_MAX_PARAM_LENGTH: [414, `A name in the path is longer than ${longestName} characters.`],
}

/** Creates the handler of paths that the router cannot read. */
export function urlErrorHandler(log: Logger) {
  return (error: { code: string }, request: FastifyRequest, reply: FastifyReply): void => {
    const refusal = problem(...(routerErrors[error.code] ?? [400, 'The path cannot be read.']))
    const { id, method, ip } = request
    log.info({ id, method, status: refusal.status, ip }, 'Refused a request with an unreadable path')
    sendProblem(reply.headers(responseHeaders(id)), refusal)
  }
}

/** An error of the HTTP parser, with what it has read. */
type ParserError = Error & { code?: string; reason?: unknown; rawPacket?: unknown }

/** Creates the handler of what the HTTP parser cannot read. It ends the connection. */
export function clientErrorHandler(log: Logger) {
  return (error: ParserError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    const reason = typeof error.reason === 'string' ? `: ${error.reason}` : ''
    const known = isMethod(error) ? parserErrors[error.code ?? ''] : undefined
    const refusal = known ?? [400, `The request is not valid HTTP/1.1${reason}.`]
    refuseSocket(socket, problem(...refusal), log)
  }
}

/** Returns false for bytes that are no method at all, which the parser does not tell from an unknown method. */
function isMethod({ code, rawPacket }: ParserError): boolean {
  return (
    code !== 'HPE_INVALID_METHOD' ||
    (rawPacket instanceof Buffer && /^[a-z]+ /i.test(rawPacket.toString('latin1')))
  )
}

/** Answers what the server of Node would answer by itself, without a body. */
export function refuseUnusual(app: FastifyInstance, log: Logger): void {
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    refuseExpectation(request, response),
  )
  app.server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    refuseSocket(socket, problem(501, 'This server is no proxy.'), log),
  )
  app.addHook('onRequest', async ({ headers, raw }) => {
    if (headers.host === undefined && raw.httpVersion === '1.1')
      throw new RequestError(400, 'The Host header is missing.')
  })
}

function refuseExpectation({ headers }: IncomingMessage, response: ServerResponse): void {
  const { body, ...head } = documentOf(problem(417, `"Expect: ${headers.expect}" is not supported.`))
  response.writeHead(417, { ...head.headers, connection: 'close' }).end(body)
}

function refuseSocket(socket: Duplex, refusal: Problem, log: Logger): void {
  const { body, headers } = documentOf(refusal)
  const ip = 'remoteAddress' in socket ? socket.remoteAddress : undefined
  log.info({ id: headers['x-request-id'], status: refusal.status, ip }, 'Refused an unreadable request')
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.end(`HTTP/1.1 ${refusal.status} ${refusal.title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

function documentOf(refusal: Problem): { body: string; headers: Record<string, string | number> } {
  const body = JSON.stringify(refusal)
  const length = { 'content-type': 'application/problem+json', 'content-length': Buffer.byteLength(body) }
  return { body, headers: { ...responseHeaders(randomUUID()), ...length } }
}
