/**
 * The server of somebody else that knows who people are: Keystone, OpenShift. Asked over HTTP(S), in bounded time.
 *
 * A redirect is an error and never followed: credentials go to the address in the configuration and nowhere else.
 */
import { Agent as PlainAgent, type IncomingMessage, request as openPlain } from 'node:http'
import { Agent as TlsAgent, request as openTls } from 'node:https'
import type { Logger } from '@commissaire/bus'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import { readAuthorities } from '../../http/pem.ts'

/** The longest answer that is read, in bytes. */
const LARGEST = 2 ** 20

/** The address of a peer. */
export const peerUrl = z
  .url({
    protocol: /^https?$/,
    error: ({ input }) =>
      input === undefined ? undefined : 'must be a URL that begins with http:// or https://',
  })
  .refine((url) => !URL.canParse(url) || new URL(url).username === '', { error: 'must have no user in it' })

/** The options that all plugins with a peer have, besides its address. */
export const peerOptions = {
  /** Authorities that its certificate is checked against, in place of the system's. */
  ca: z.string().min(1).optional(),
  /** How many seconds it may take to answer. */
  timeout: z.coerce.number().positive().max(60).default(3),
}

/** How a peer is reached. */
export interface PeerSettings {
  readonly url: string
  readonly ca?: string | undefined
  readonly timeout: number
}

/** What is asked of it. */
export interface PeerQuestion {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: object
}

/** What it answers. */
export interface PeerAnswer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  /** The body; undefined where it is no JSON. */
  readonly json: unknown
}

/** A peer of a plugin. */
export class Peer {
  readonly #name: string
  readonly #timeout: number
  readonly #agent: PlainAgent | TlsAgent
  readonly #open: typeof openPlain

  constructor(name: string, { url, ca, timeout }: PeerSettings, { log }: { log: Logger }) {
    const { protocol, hostname, host } = new URL(url)
    this.#name = name
    this.#timeout = timeout * 1000
    const secure = protocol === 'https:'
    if (ca !== undefined && !secure) throw caWithoutTls(ca)
    if (!secure && !isLoopback(hostname)) {
      log.warn({ host }, `${name} is asked over plain HTTP: passwords and tokens can be read on the way`)
    }
    this.#agent = secure
      ? new TlsAgent({ keepAlive: true, ...(ca !== undefined && { ca: authorities(ca) }) })
      : new PlainAgent({ keepAlive: true })
    this.#open = secure ? openTls : openPlain
  }

  /** Asks. Rejects with an error that says why when there is no answer that means anything. */
  async ask(question: PeerQuestion, { signal }: { signal: AbortSignal }): Promise<PeerAnswer> {
    const limit = AbortSignal.timeout(this.#timeout)
    try {
      const answer = await this.#exchange(question, AbortSignal.any([signal, limit]))
      if (answer.status < 300 || answer.status >= 400) return answer
      throw new Error(`it redirects elsewhere (${answer.status}), which is not followed`)
    } catch (cause) {
      const reason = limit.aborted ? `no answer within ${this.#timeout / 1000} s` : reasonOf(cause)
      throw new Error(`cannot ask ${this.#name} at ${question.url}: ${reason}`, { cause })
    }
  }

  /** Lets go of the connections. */
  close(): void {
    this.#agent.destroy()
  }

  #exchange({ method, url, headers, body }: PeerQuestion, signal: AbortSignal): Promise<PeerAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<PeerAnswer>()
    const text = body === undefined ? undefined : JSON.stringify(body)
    const length = text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }
    const all = { accept: 'application/json', 'content-type': 'application/json', ...length, ...headers }
    const asking = this.#open(url, { method, headers: all, agent: this.#agent, signal }, (response) => {
      read(response).then(resolve, reject)
    })
    asking.on('error', reject)
    asking.end(text)
    return promise
  }
}

async function read(response: IncomingMessage): Promise<PeerAnswer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > LARGEST) throw new Error(`its answer is longer than ${LARGEST} bytes`)
  }
  const { statusCode = 0, headers } = response
  const header = (name: string) => [headers[name]].flat()[0]
  return { status: statusCode, header, json: parsed(Buffer.concat(chunks).toString('utf8')) }
}

function parsed(text: string): unknown {
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
  const text = `is "${ca}", but the address begins with http://; use https://, or leave it out`
  return new ConfigError([{ setting: 'ca', text }])
}

const isLoopback = (hostname: string) => /^(?:localhost|127\..*|\[::1\])$/.test(hostname)

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  return error.message
}
