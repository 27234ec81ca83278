/** The metrics of requests: their number and duration by method, route and status. */
import type { FastifyInstance } from 'fastify'
import { Histogram, Registry } from 'prom-client'

const buckets = [0.005, 0.02, 0.1, 0.5, 2, 10]

/** The metrics of one server, in a registry that the process may share. */
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

  /** The content type of the metrics. */
  get contentType(): string {
    return this.registry.contentType
  }

  /** Returns all metrics of the registry. */
  text(): Promise<string> {
    return this.registry.metrics()
  }

  /** Observes every request to this app. */
  observe(app: FastifyInstance): void {
    app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
      const route = routeOptions.url ?? 'none'
      this.#seconds.observe({ method, route, status: statusCode }, elapsedTime / 1000)
    })
  }
}
