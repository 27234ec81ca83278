/** Liveness, readiness and metrics: `/healthz`, `/readyz`, `/metrics`. */
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import type { RequestMetrics } from '../observability/metrics.ts'
import { onlyProblems, problem, problems, sendProblem } from '../http/problem.ts'

/** How long the storage may take to answer, in milliseconds. */
const STORAGE_TIMEOUT = 1000

const HealthResponse = z.object({ status: z.literal('ok') })

/** Adds the endpoints. */
export function health(app: App, backend: Backend, { metrics }: { metrics: RequestMetrics }): void {
  getLiveness(app)
  getReadiness(app, backend)
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
      response: { 200: HealthResponse },
    },
    handler: async () => ({ status: 'ok' as const }),
  })
}

function getReadiness(app: App, { bus, log }: Backend): void {
  app.route({
    method: 'GET',
    url: '/readyz',
    config: { public: true },
    schema: {
      tags: ['health'],
      summary: 'Reports whether the server is ready: the storage service answers within a second',
      security: [],
      response: { 200: HealthResponse, ...onlyProblems(503) },
    },
    handler: async (_request, reply) => {
      try {
        await bus.request('storage.ping', [], { timeout: STORAGE_TIMEOUT })
        return { status: 'ok' as const }
      } catch (error) {
        log.warn({ reason: String(error) }, 'Not ready: the storage service does not answer')
        return sendProblem(reply, problem(503, 'The storage service does not answer.'))
      }
    },
  })
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
