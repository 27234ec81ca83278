/**
 * A double of a Kubernetes API server, over real HTTP or HTTPS, with a cluster in memory.
 *
 * It is strict where a real one is: it checks who calls and how, holds what it is sent against the published schema,
 * asks disruption budgets before it evicts, and answers with Status objects. kubectl can talk to it: get, cordon,
 * uncordon, drain, watch. What a real one does besides (admission, controllers, the kubelet's side) it does not do.
 */
import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { TLSSocket } from 'node:tls'

import { type Answer, refuse } from './answer.ts'
import { type ApiObject, groupVersion } from './api-object.ts'
import { ClusterDouble } from './cluster-double.ts'
import { discover } from './discovery.ts'
import { PROTOBUF, readDeleteOptions } from './protobuf.ts'
import { type Call, Requests, shown, type Target, targetOf } from './requests.ts'
import { type CheckBody, loadChecks } from './schema.ts'
import { selects } from './selector.ts'

/** Certificate, key, and the authority whose client certificates are let in. */
export interface DoubleTls {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** Who is let in: this bearer token, or clients with a certificate of that authority; over http without either, all. */
export interface DoubleOptions {
  readonly token?: string
  readonly tls?: DoubleTls
}

/** The server, and what it was asked. */
export class ApiServerDouble implements AsyncDisposable {
  readonly cluster = new ClusterDouble()
  /** Everything it was asked, in order; also what it refused. */
  readonly calls: Call[] = []
  /** The same as `METHOD path?query`. */
  readonly requests: string[] = []
  connections = 0
  /** While set, every request gets this status. */
  failWith: number | undefined
  /** While set, no request is answered. */
  silent = false
  /** May answer in the server's place, for a fault that only some requests meet. */
  intercept: ((call: Call) => Answer | undefined) | undefined
  /** The bearer token that is let in. */
  token: string | undefined
  readonly #server: Server
  readonly #scheme: 'http' | 'https'
  readonly #requests: Requests

  private constructor({ token, tls }: DoubleOptions, check: CheckBody) {
    this.token = token
    this.#requests = new Requests(this.cluster, check)
    this.#scheme = tls ? 'https' : 'http'
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response)
    this.#server = tls
      ? createHttpsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, answer)
      : createHttpServer(answer)
    this.#server.on(tls ? 'secureConnection' : 'connection', () => this.connections++)
  }

  /** Starts one on a free port of this machine. */
  static async start(options: DoubleOptions = {}): Promise<ApiServerDouble> {
    const double = new ApiServerDouble(options, await loadChecks())
    double.#server.listen(0, '127.0.0.1')
    await once(double.#server, 'listening')
    return double
  }

  get url(): string {
    const at = this.#server.address()
    return `${this.#scheme}://127.0.0.1:${typeof at === 'object' ? at?.port : at}`
  }

  /** The nodes by their names. */
  get nodes(): ReadonlyMap<string, ApiObject> {
    return new Map(this.cluster.list('nodes').map((node) => [node.metadata.name, node]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = callOf(request, await bytesOf(request))
    this.calls.push(call)
    this.requests.push(`${request.method} ${request.url}`)
    if (this.silent) return
    const target = targetOf(call.path)
    const refused = this.#refusal(request, call)
    if (!refused && target && call.method === 'GET' && isWatch(call))
      return this.#watch(response, { call, target })
    const [code, object] = refused ?? this.#reply(call, target)
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(object))
  }

  #refusal(request: IncomingMessage, call: Call): Answer | undefined {
    if (!this.#knows(request)) return refuse(401, 'Unauthorized', { message: 'Unauthorized' })
    if (this.failWith === undefined) return this.intercept?.(call)
    return refuse(this.failWith, 'Failed', { message: 'the double was told to fail' })
  }

  #reply(call: Call, target: Target | undefined): Answer {
    const discovered = call.method === 'GET' ? discover(call.path) : undefined
    if (discovered) return [200, discovered]
    if (target) return this.#requests.answer(call, target)
    return refuse(404, 'NotFound', { message: `the double does not have ${call.path}` })
  }

  #watch(response: ServerResponse, { call: { query }, target }: { call: Call; target: Target }): void {
    const { resource, version } = target
    const apiVersion = groupVersion(resource.group, version)
    const tell = (type: string, object: ApiObject) => {
      if (!selects(query, object)) return
      response.write(`${JSON.stringify({ type, object: shown(object, resource, apiVersion) })}\n`)
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    if (!query.get('resourceVersion'))
      for (const object of this.cluster.list(resource.name)) tell('ADDED', object)
    const stop = this.cluster.watch(resource.name, ({ type, object }) => tell(type, object))
    response.on('close', stop)
  }

  #knows(request: IncomingMessage): boolean {
    if (this.#scheme === 'https' && request.socket instanceof TLSSocket && request.socket.authorized)
      return true
    if (this.token === undefined) return this.#scheme === 'http'
    return request.headers.authorization === `Bearer ${this.token}`
  }
}

function callOf({ method = '', url = '/', headers }: IncomingMessage, bytes: Buffer): Call {
  const { pathname: path, searchParams: query } = new URL(url, 'http://double')
  const contentType = headers['content-type'] ?? ''
  const body =
    contentType === PROTOBUF && method === 'DELETE' ? readDeleteOptions(bytes) : jsonOf(String(bytes))
  return { method, path, query, contentType, body }
}

/** What is no JSON is handed on as a text, which no definition takes. */
function jsonOf(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function isWatch({ query }: Call): boolean {
  return ['1', 'true'].includes(query.get('watch') ?? '')
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
