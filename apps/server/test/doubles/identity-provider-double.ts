/** A double of a server that knows who people are: it listens on a real socket and notes what it is asked. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What was asked of a double. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What a double says. */
export interface Said {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** Key and certificate, for doubles that speak TLS. */
export interface DoubleTls {
  readonly key: string
  readonly cert: string
}

/** A double; each says what it is a double of by its `answer`. */
export abstract class PeerDouble implements AsyncDisposable {
  readonly asked: Asked[] = []
  /** What it says instead of what it would; `silence` to accept the request and never answer. */
  instead: Said | 'silence' | undefined
  #server: ReturnType<typeof createServer> | undefined
  #url = ''

  get url(): string {
    return this.#url
  }

  protected abstract answer(asked: Asked): Said

  /** Listens, again on the same port if it did before. */
  async listen({ tls }: { tls?: DoubleTls } = {}): Promise<this> {
    const handle: RequestListener = (request, response) => void this.#handle(request, response)
    const server = tls ? createTlsServer(tls, handle) : createServer(handle)
    const port = this.#url === '' ? 0 : Number(new URL(this.#url).port)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    this.#server = server
    const { port: bound } = server.address() as AddressInfo
    this.#url = `${tls ? 'https' : 'http'}://127.0.0.1:${bound}`
    return this
  }

  /** Goes down, connections and all. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request
    const asked = { method, path: url, headers, body: await text(request) }
    this.asked.push(asked)
    if (this.instead === 'silence') return
    const { status, headers: own = {}, body } = this.instead ?? this.answer(asked)
    response.writeHead(status, { 'content-type': 'application/json', ...own })
    response.end(body === undefined ? '' : JSON.stringify(body))
  }
}
