/**
 * A double of a Kubernetes API server: its node endpoints over real HTTP or HTTPS, in memory.
 *
 * It is strict where a real one is: it checks who calls, how, and the shape of what it is sent, and answers with
 * Status objects. What a real one does besides (admission, the kubelet's side, watches) it does not do.
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

const NODE_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

interface NodeObject {
  apiVersion: 'v1'
  kind: 'Node'
  metadata: { name: string; [member: string]: unknown }
  spec: object
  status: object
}

/** Certificate, key, and the authority whose client certificates are let in. */
export interface DoubleTls {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** What the double answered, and on how many connections. */
export class ApiServerDouble implements AsyncDisposable {
  readonly nodes = new Map<string, NodeObject>()
  readonly requests: string[] = []
  connections = 0
  /** While set, every request gets this status. */
  failWith: number | undefined
  /** While set, no request is answered. */
  silent = false
  readonly #server: Server
  readonly #scheme: 'http' | 'https'
  readonly #token: string | undefined

  private constructor(token: string | undefined, tls: DoubleTls | undefined) {
    this.#token = token
    this.#scheme = tls ? 'https' : 'http'
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response)
    this.#server = tls
      ? createHttpsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, answer)
      : createHttpServer(answer)
    this.#server.on(tls ? 'secureConnection' : 'connection', () => this.connections++)
  }

  /** Starts one that lets in this bearer token, or clients with a certificate of its authority. */
  static async start(options: { token?: string; tls?: DoubleTls } = {}): Promise<ApiServerDouble> {
    const double = new ApiServerDouble(options.token, options.tls)
    double.#server.listen(0, '127.0.0.1')
    await once(double.#server, 'listening')
    return double
  }

  get url(): string {
    const at = this.#server.address()
    return `${this.#scheme}://127.0.0.1:${typeof at === 'object' ? at?.port : at}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`)
    const body = await textOf(request)
    if (this.silent) return
    const [code, object] = this.#reply(request, body)
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(object))
  }

  #reply(request: IncomingMessage, body: string): [number, object] {
    if (!this.#knows(request)) return status(401, 'Unauthorized', 'Unauthorized')
    if (this.failWith !== undefined) return status(this.failWith, 'Failed', 'the double was told to fail')
    const url = new URL(request.url ?? '/', 'http://double')
    if (url.pathname === '/api/v1/nodes' && request.method === 'POST') return this.#create(request, body)
    const name = decodeURIComponent(/^\/api\/v1\/nodes\/([^/]+)$/.exec(url.pathname)?.[1] ?? '')
    if (name && request.method === 'GET') return this.#read(name)
    if (name && request.method === 'DELETE') return this.#delete(name)
    return status(405, 'MethodNotAllowed', `${request.method} ${url.pathname} is not for a container manager`)
  }

  #knows(request: IncomingMessage): boolean {
    if (this.#scheme === 'https' && request.socket instanceof TLSSocket && request.socket.authorized)
      return true
    if (this.#token === undefined) return this.#scheme === 'http'
    return request.headers.authorization === `Bearer ${this.#token}`
  }

  #create(request: IncomingMessage, body: string): [number, object] {
    if (!request.headers['content-type']?.startsWith('application/json'))
      return status(415, 'UnsupportedMediaType', 'not JSON')
    const node: NodeObject = JSON.parse(body)
    const fault = faultOf(node)
    if (fault) return status(422, 'Invalid', `Node is invalid: ${fault}`)
    const { name } = node.metadata
    if (this.nodes.has(name)) return status(409, 'AlreadyExists', `nodes "${name}" already exists`)
    const created = {
      ...node,
      metadata: { ...node.metadata, uid: crypto.randomUUID(), creationTimestamp: new Date().toISOString() },
      spec: {},
      status: { conditions: [] },
    }
    this.nodes.set(name, created)
    return [201, created]
  }

  #read(name: string): [number, object] {
    const node = this.nodes.get(name)
    return node ? [200, node] : status(404, 'NotFound', `nodes "${name}" not found`)
  }

  #delete(name: string): [number, object] {
    if (!this.nodes.delete(name)) return status(404, 'NotFound', `nodes "${name}" not found`)
    return [200, { apiVersion: 'v1', kind: 'Status', status: 'Success', details: { name, kind: 'nodes' } }]
  }
}

function faultOf(node: NodeObject): string | undefined {
  const unknown = Object.keys(node).filter(
    (key) => !['apiVersion', 'kind', 'metadata', 'spec', 'status'].includes(key),
  )
  if (unknown.length > 0) return `unknown field "${unknown[0]}"`
  if (node.apiVersion !== 'v1' || node.kind !== 'Node')
    return `apiVersion "${node.apiVersion}", kind "${node.kind}"`
  if (typeof node.metadata?.name !== 'string') return 'metadata.name: Required value'
  if (!NODE_NAME.test(node.metadata.name)) return `metadata.name: Invalid value: "${node.metadata.name}"`
  return undefined
}

function status(code: number, reason: string, message: string): [number, object] {
  return [code, { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message, metadata: {} }]
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk)
  return text
}
