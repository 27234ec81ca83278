/** What the server counts: requests by route and status, and how long they take. */
import type { FastifyInstance } from 'fastify'
import { Histogram, Registry } from 'prom-client'

const buckets = [0.005, 0.02, 0.1, 0.5, 2, 10]

/** The figures of one server, in a registry that others of this process may share. */
export class RequestMetrics {
  readonly registry: Registry
  readonly #seconds: Histogram<'method' | 'route' | 'status'>

  constructor(registry: Registry = new Registry()) {
    this.registry = registry
    this.#seconds = new Histogram({
      name: 'commissaire_http_request_seconds',
      help: 'Time from a request to its answer',
      labelNames: ['method', 'route', 'status'],
      buckets,
      registers: [registry],
    })
  }

  /** How the figures are written. */
  get contentType(): string {
    return this.registry.contentType
  }

  /** All figures of the registry. */
  text(): Promise<string> {
    return this.registry.metrics()
  }

  /** Counts what this app answers. */
  watch(app: FastifyInstance): void {
    app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
      const route = routeOptions.url ?? 'none'
      this.#seconds.observe({ method, route, status: statusCode }, elapsedTime / 1000)
    })
  }
}
