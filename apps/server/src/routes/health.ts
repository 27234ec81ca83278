/** Liveness, readiness and metrics: `/healthz`, `/readyz`, `/metrics`. */
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import type { RequestMetrics } from '../observability/metrics.ts'
import type { StorageReadiness } from '../observability/readiness.ts'
import { onlyProblems, problem, problems, sendProblem } from '../http/problem.ts'

const HealthResponse = z.object({ status: z.literal('ok') })

/** Adds the endpoints. */
export function health(
  app: App,
  backend: Backend,
  { metrics, readiness }: { metrics: RequestMetrics; readiness: StorageReadiness },
): void {
  getLiveness(app)
  getReadiness(app, backend, readiness)
  getMetrics(app, metrics)
}

function getLiveness(app: App): void {
  app.route({
    method: 'GET',
    url: '/healthz',
    config: { public: true },
    schema: {
      tags: ['health'],
      summary: 'Reports whether the server is alive',
      security: [],
      response: { 200: HealthResponse, ...onlyProblems() },
    },
    handler: async () => ({ status: 'ok' as const }),
  })
}

function getReadiness(app: App, { log }: Backend, readiness: StorageReadiness): void {
  app.route({
    method: 'GET',
    url: '/readyz',
    config: { public: true },
    schema: {
      tags: ['health'],
      summary:
        'Reports whether the server is ready: the storage service answers within a second, and its stores can be written',
      security: [],
      response: { 200: HealthResponse, ...onlyProblems(503) },
    },
    handler: async (_request, reply) => {
      const reason = await reasonNotReady(readiness)
      if (reason === undefined) return { status: 'ok' as const }
      log.warn({ reason }, 'Not ready')
      return sendProblem(reply, problem(503, reason))
    },
  })
}

/** Returns undefined when the server is ready. */
async function reasonNotReady(readiness: StorageReadiness): Promise<string | undefined> {
  try {
    return (await readiness.stores()).find(({ usable }) => !usable)?.reason
  } catch {
    return 'The storage service does not answer.'
  }
}

function getMetrics(app: App, metrics: RequestMetrics): void {
  app.route({
    method: 'GET',
    url: '/metrics',
    schema: {
      tags: ['health'],
      summary: 'Returns the metrics for Prometheus',
      response: { 200: { content: { 'text/plain': { schema: z.string() } } }, ...problems() },
    },
    handler: async (_request, reply) => {
      reply.type(metrics.contentType).serializer((text: unknown) => String(text))
      return metrics.text()
    },
  })
}
