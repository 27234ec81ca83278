/**
 * The client of the REST server: `get`, `put` and `delete`. Tries the endpoints in order, and converts every failure to one
 * message for the user.
 */
import { Failure, Interrupted, NoServer } from '../cli/failure.ts'
import { exchange, type Exchange, type Reply, stream } from './http.ts'
import type { Settings } from '../config/config.ts'

/** What the server said to a request that is in order: a value, or that there is no such thing. */
export type Answer =
  | { readonly found: true; readonly value: unknown; readonly next?: string | undefined }
  | { readonly found: false; readonly reason?: string | undefined }

/** How the server is talked to. */
export interface ApiOptions {
  /** How long one request may take, in milliseconds. */
  readonly timeout: number
  readonly signal: AbortSignal
  /** Told when an endpoint does not answer and the next one is tried. */
  readonly tell: (text: string) => void
}

/** Thrown when the server refuses; `httpStatus` says how. */
export class Refused extends Failure {
  override readonly name = 'Refused'
  readonly httpStatus: number

  constructor(message: string, httpStatus: number) {
    super(message)
    this.httpStatus = httpStatus
  }
}

/** A REST server of Commissaire, under one or several addresses. */
export class Api {
  readonly #settings: Settings
  readonly #options: ApiOptions
  /** The endpoint that answered last; the search starts there. */
  #current = 0

  constructor(settings: Settings, options: ApiOptions) {
    this.#settings = settings
    this.#options = options
  }

  /** The same server, without a word about endpoints that do not answer. */
  quietly(): Api {
    return new Api(this.#settings, { ...this.#options, tell: () => {} })
  }

  get(path: string): Promise<Answer> {
    return this.#ask('GET', path)
  }

  put(path: string, body: object = {}): Promise<Answer> {
    return this.#ask('PUT', path, body)
  }

  post(path: string, body: object = {}): Promise<Answer> {
    return this.#ask('POST', path, body)
  }

  delete(path: string): Promise<Answer> {
    return this.#ask('DELETE', path, {})
  }

  /** Hears what the endpoint that answered last tells of, until it ends, or until `signal`. Rejects where it has nothing to tell. */
  async listen(
    path: string,
    onText: (text: string) => void,
    { signal }: { signal: AbortSignal },
  ): Promise<void> {
    const { endpoints, headers, tls } = this.#settings
    const url = new URL((endpoints[this.#current] ?? '') + path)
    const accept = { ...headers, accept: 'text/event-stream' }
    await stream(url, { method: 'GET', headers: accept, signal, ...(tls && { tls }) }, onText)
  }

  async #ask(method: Exchange['method'], path: string, body?: object): Promise<Answer> {
    const endpoints = this.#settings.endpoints
    const attempts: { endpoint: string; reason: string }[] = []
    for (let tried = 0; tried < endpoints.length; tried++) {
      const endpoint = endpoints[this.#current] ?? ''
      try {
        return await this.#read(await this.#send(endpoint, method, path, body), { method, path, endpoint })
      } catch (error) {
        if (error instanceof Failure) throw error
        attempts.push({ endpoint, reason: reasonOf(error, this.#options.timeout) })
        if (method !== 'GET' && !neverArrived(error)) throw new NoServer(attempts, { cause: error })
        this.#current = (this.#current + 1) % endpoints.length
        const next = endpoints[this.#current]
        if (tried + 1 < endpoints.length)
          this.#options.tell(`Could not connect to ${endpoint}. Retrying with ${next}.`)
      }
    }
    throw new NoServer(attempts)
  }

  async #send(endpoint: string, method: Exchange['method'], path: string, body?: object): Promise<Reply> {
    const { headers, tls } = this.#settings
    const limit = AbortSignal.timeout(this.#options.timeout)
    const signal = AbortSignal.any([limit, this.#options.signal])
    try {
      const request = {
        method,
        headers,
        signal,
        ...(tls && { tls }),
        ...(body && { body: JSON.stringify(body) }),
      }
      return await exchange(new URL(endpoint + path), request)
    } catch (error) {
      if (this.#options.signal.aborted) throw new Interrupted()
      throw error
    }
  }

  async #read(reply: Reply, request: { method: string; path: string; endpoint: string }): Promise<Answer> {
    if (reply.status === 404 && !reply.contentType.includes('html'))
      return { found: false, reason: await reasonIn(reply) }
    if (reply.status >= 200 && reply.status < 300)
      return { found: true, value: parse(reply, request), next: nextPage(reply) }
    const { explain } = await import('./problem.ts')
    throw new Refused(explain(reply, { ...request, origin: this.#settings.origin }), reply.status)
  }
}

/** The path of the next page of a list, from the `Link` header. */
function nextPage({ link }: Reply): string | undefined {
  return /<([^>]*)>; rel="next"/.exec(link)?.[1]
}

/** What the server says is not there. */
async function reasonIn({ text }: Reply): Promise<string | undefined> {
  const { detailOf } = await import('./problem.ts')
  return detailOf(text)
}

function parse(reply: Reply, { endpoint, path }: { endpoint: string; path: string }): unknown {
  if (reply.text.trim() === '') return []
  try {
    return JSON.parse(reply.text)
  } catch (cause) {
    const message = `${endpoint}${path} answered with ${reply.contentType || 'something'} that is no JSON. Is that a Commissaire server?`
    throw new Failure(message, { cause })
  }
}

const notConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
])

/** Whether it is certain that the server never got the request, so that another may be asked to do it. */
function neverArrived(error: unknown): boolean {
  const errors = error instanceof AggregateError ? error.errors : [error]
  return errors.every((one) => notConnected.has(codeOf(one)) || codeOf(one).includes('CERT'))
}

function reasonOf(error: unknown, timeout: number): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0], timeout)
  if (error instanceof Error && (error.name === 'TimeoutError' || codeOf(error) === 'ABORT_ERR'))
    return `no answer within ${timeout / 1000} s`
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there (connection refused)',
    ENOTFOUND: 'the name is not known',
    EAI_AGAIN: 'the name could not be resolved just now',
    ECONNRESET: 'the connection was cut before an answer came',
    DEPTH_ZERO_SELF_SIGNED_CERT:
      'its certificate is self-signed; name it as "certificate_ca_path" in the configuration',
    SELF_SIGNED_CERT_IN_CHAIN:
      'its authority is not trusted; name it as "certificate_ca_path" in the configuration',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      'its authority is not trusted; name it as "certificate_ca_path" in the configuration',
  }
  return reasons[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
