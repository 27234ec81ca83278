/**
 * An HTTP server for monitoring: `/metrics` for Prometheus, `/healthz` and `/readyz` for process supervisors. Other paths
 * return 404. It listens on the loopback interface unless a host is given.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The source of the answers. */
export interface Health {
  /** True when the service takes messages and is connected to the broker. */
  readonly isReady: () => boolean
  /** The state, as a JSON object for people. */
  readonly describe: () => Readonly<Record<string, unknown>>
  /** The metrics in the text format of Prometheus. */
  readonly metrics: () => Promise<string>
}

/** A listening server. Disposing of it closes it. */
export interface HealthServer extends AsyncDisposable {
  readonly port: number
}

/** Serves health at `host:port`, or at a port of the loopback interface. */
export async function serveHealth(listen: string, health: Health): Promise<HealthServer> {
  const server = createServer((request, response) => {
    void answer(health, request.url ?? '').then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type }).end(body)
    })
  })
  const { port } = await listenAt(server, listen)
  const close = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => void server.close(() => resolve()))
  }
  return { port, [Symbol.asyncDispose]: close }
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

async function answer(health: Health, url: string): Promise<Answer> {
  try {
    if (url === '/metrics')
      return { status: 200, type: 'text/plain; version=0.0.4', body: await health.metrics() }
    if (url === '/healthz') return json(200, health.describe())
    if (url === '/readyz') return json(health.isReady() ? 200 : 503, health.describe())
    return json(404, { there_are: ['/metrics', '/healthz', '/readyz'] })
  } catch (error) {
    return json(500, { error: error instanceof Error ? error.message : String(error) })
  }
}

const json = (status: number, body: object): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
})

function listenAt(server: Server, listen: string): Promise<AddressInfo> {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d+)$/.exec(listen) ?? []
  if (port === undefined) throw new Error(`cannot listen at "${listen}"; it must be a port or host:port`)
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`cannot listen at ${listen}: ${cause.message}`, { cause })),
    )
    server.listen(Number(port), host.replace(/^\[(.*)\]$/, '$1'), () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address)
    })
  })
}
