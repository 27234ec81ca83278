/**
 * The client of an external identity provider, such as Keystone or OpenShift. Sends HTTP(S) requests with a time limit.
 *
 * A redirect is an error and never followed: credentials are only sent to the configured address.
 */
import { Agent as PlainAgent, type IncomingMessage, request as openPlain } from 'node:http'
import { Agent as TlsAgent, request as openTls } from 'node:https'
import type { Logger } from '@commissaire/bus'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import { readAuthorities } from '../../http/pem.ts'

/** The longest response that is read, in bytes. */
const MAX_RESPONSE = 2 ** 20

/** The address of an identity provider. */
export const providerUrl = z
  .url({
    protocol: /^https?$/,
    error: ({ input }) =>
      input === undefined ? undefined : 'must be a URL that begins with http:// or https://',
  })
  .refine((url) => !URL.canParse(url) || new URL(url).username === '', {
    error: 'must not contain a user name',
  })

/** The options that all plugins with an identity provider have, besides its address. */
export const providerOptions = {
  /** A file with the authorities that verify its certificate, instead of those of the system. */
  ca: z.string().min(1).optional(),
  /** The time limit of a request, in seconds. */
  timeout: z.coerce.number().positive().max(60).default(3),
}

/** How an identity provider is reached. */
export interface ProviderSettings {
  readonly url: string
  readonly ca?: string | undefined
  readonly timeout: number
}

/** A request to an identity provider. */
export interface ProviderRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: object
}

/** The response of an identity provider. */
export interface ProviderResponse {
  readonly status: number
  readonly header: (name: string) => string | undefined
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown
}

/** The client of one identity provider. */
export class IdentityProviderClient {
  readonly #name: string
  readonly #timeout: number
  readonly #agent: PlainAgent | TlsAgent
  readonly #open: typeof openPlain

  constructor(name: string, { url, ca, timeout }: ProviderSettings, { log }: { log: Logger }) {
    const { protocol, hostname, host } = new URL(url)
    this.#name = name
    this.#timeout = timeout * 1000
    const secure = protocol === 'https:'
    if (ca !== undefined && !secure) throw caWithoutTls(ca)
    if (!secure && !isLoopback(hostname)) {
      log.warn({ host }, `${name} is reached over plain HTTP: passwords and tokens are sent unencrypted`)
    }
    this.#agent = secure
      ? new TlsAgent({ keepAlive: true, ...(ca !== undefined && { ca: authorities(ca) }) })
      : new PlainAgent({ keepAlive: true })
    this.#open = secure ? openTls : openPlain
  }

  /** Sends a request. Rejects with an error that names the reason when there is no usable response. */
  async request(request: ProviderRequest, { signal }: { signal: AbortSignal }): Promise<ProviderResponse> {
    const timeout = AbortSignal.timeout(this.#timeout)
    try {
      const response = await this.#exchange(request, AbortSignal.any([signal, timeout]))
      if (response.status < 300 || response.status >= 400) return response
      throw new Error(`it redirects (${response.status}), and redirects are not followed`)
    } catch (cause) {
      const reason = timeout.aborted ? `no answer within ${this.#timeout / 1000} s` : reasonOf(cause)
      throw new Error(`cannot ask ${this.#name} at ${request.url}: ${reason}`, { cause })
    }
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy()
  }

  #exchange({ method, url, headers, body }: ProviderRequest, signal: AbortSignal): Promise<ProviderResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<ProviderResponse>()
    const text = body === undefined ? undefined : JSON.stringify(body)
    const length = text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }
    const all = { accept: 'application/json', 'content-type': 'application/json', ...length, ...headers }
    const outgoing = this.#open(url, { method, headers: all, agent: this.#agent, signal }, (response) => {
      read(response).then(resolve, reject)
    })
    outgoing.on('error', reject)
    outgoing.end(text)
    return promise
  }
}

async function read(response: IncomingMessage): Promise<ProviderResponse> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_RESPONSE) throw new Error(`its answer is longer than ${MAX_RESPONSE} bytes`)
  }
  const { statusCode = 0, headers } = response
  const header = (name: string) => [headers[name]].flat()[0]
  return { status: statusCode, header, json: parseJson(Buffer.concat(chunks).toString('utf8')) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function authorities(path: string): string {
  try {
    return readAuthorities(path)
  } catch (cause) {
    throw cause instanceof ConfigError ? cause.within('ca') : cause
  }
}

function caWithoutTls(ca: string): ConfigError {
  const text = `is "${ca}", but the address begins with http://; use https://, or remove "ca"`
  return new ConfigError([{ setting: 'ca', text }])
}

const isLoopback = (hostname: string) => /^(?:localhost|127\..*|\[::1\])$/.test(hostname)

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  return error.message
}
