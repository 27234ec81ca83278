/**
 * One HTTP exchange. It uses the client of Node and not `fetch`, because only that supports client certificates, and because
 * it loads faster.
 */
import type { RequestOptions } from 'node:http'

/** What is asked of a server. */
export interface Exchange {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly tls?: Tls
  readonly signal: AbortSignal
}

/** Files' contents for TLS: who is trusted, and who we are. */
export interface Tls {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
}

/** What the server said, as text. */
export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly text: string
  /** The `Link` header; empty without one. */
  readonly link: string
}

/** Asks and waits for the whole answer. Rejects when there is none, with the error of the socket. */
export async function exchange(url: URL, request: Exchange): Promise<Reply> {
  const { request: open } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const body = request.body === undefined ? undefined : Buffer.from(request.body)
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const outgoing = open(url, requestOptions(request, body), (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        contentType: response.headers['content-type'] ?? '',
        text: Buffer.concat(chunks).toString('utf8'),
        link: String(response.headers.link ?? ''),
      }),
    )
  })
  outgoing.on('error', reject)
  outgoing.end(body)
  return promise
}

/** Asks for events, and hands them over piece by piece as they come. Resolves when they end; rejects for any other answer. */
export async function stream(url: URL, request: Exchange, onText: (text: string) => void): Promise<void> {
  const { request: open } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const outgoing = open(url, requestOptions(request, undefined), (response) => {
    const type = response.headers['content-type'] ?? ''
    if (response.statusCode !== 200 || !type.startsWith('text/event-stream')) {
      outgoing.destroy()
      reject(new Error(`${url.pathname} answered with ${response.statusCode} and ${type || 'nothing'}`))
      return
    }
    response.setEncoding('utf8').on('data', onText).on('end', resolve).on('error', reject)
  })
  outgoing.on('error', reject)
  outgoing.end()
  return promise
}

function requestOptions(
  { method, headers, tls, signal }: Exchange,
  body: Buffer | undefined,
): RequestOptions {
  const length = body && { 'content-type': 'application/json', 'content-length': String(body.length) }
  return { method, signal, headers: { accept: 'application/json', ...length, ...headers }, ...tls }
}
