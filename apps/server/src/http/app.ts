/**
 * The REST API as a Fastify app: authenticate, route, ask the bus, answer. `inject()` works without a port.
 */
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import { randomUUID } from 'node:crypto'
import { parseAs } from '@commissaire/models'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { z } from 'zod'
import type { Authentication } from '../auth/authentication.ts'
import { type FailureLimit, guard } from '../auth/guard.ts'
import type { App, Backend } from '../backend.ts'
import type { EventOptions } from '../events/event-hub.ts'
import { registerHostMetrics } from '../observability/fleet-metrics.ts'
import { Admission, type AdmissionLimits, limitRequests } from './admission.ts'
import { readJsonBodies } from './json-body.ts'
import { StorageReadiness } from '../observability/readiness.ts'
import { registerStoreMetrics } from '../observability/store-metrics.ts'
import { registerLoadMetrics } from '../observability/load-metrics.ts'
import { RequestMetrics } from '../observability/metrics.ts'
import { logRequests } from '../observability/request-log.ts'
import { problemHandler } from './problem.ts'
import { responseHeaders } from './response-headers.ts'
import { KnownPaths } from './unknown-routes.ts'
import { clientErrorHandler, longestName, refuseUnusual, urlErrorHandler } from './unreadable-requests.ts'
import { busRoutes } from '../routes/bus.ts'
import { clusterHosts } from '../routes/cluster-hosts.ts'
import { clusterOperations } from '../routes/operations/cluster-operations.ts'
import { clusters } from '../routes/clusters.ts'
import { containerManagers } from '../routes/containermanagers.ts'
import { events } from '../routes/events.ts'
import { health } from '../routes/health.ts'
import { host } from '../routes/host.ts'
import { hosts } from '../routes/hosts.ts'
import { networks } from '../routes/networks.ts'
import { describeRoutes, openapi } from '../routes/openapi.ts'
import { operationRequests } from '../routes/operations/operation-requests.ts'
import { operationStart } from '../routes/operations/operation-start.ts'
import { operations } from '../routes/operations/operations.ts'
import { schedules } from '../routes/operations/schedules.ts'
import { version } from '../version.ts'

/** The options of an app. */
export interface AppOptions extends Backend, AdmissionLimits {
  /** Authenticates the requests. */
  readonly auth: Authentication
  /** Paths that authenticate themselves. */
  readonly selfAuths?: readonly string[]
  /** Whether operators may call any method of any service; default false. */
  readonly busCalls?: boolean
  /** How often an address may fail to log in. */
  readonly failureLimit?: FailureLimit
  /** The largest body, in bytes; default 1 MiB. */
  readonly bodyLimit?: number
  /** How many milliseconds a client may take to send a request; default 30 000. */
  readonly requestTimeout?: number
  /** The limits of the event streams. */
  readonly events?: EventOptions
  readonly tls?: SecureContextOptions & TlsOptions
  /** The registry of Prometheus metrics; default a new one. */
  readonly metrics?: Registry
}

/** Creates the app. It does not listen yet. */
export function createApp(options: AppOptions): FastifyInstance {
  const { auth, log, selfAuths = [], failureLimit, metrics } = options
  const app = open(options)
  const requestMetrics = new RequestMetrics(metrics)
  registerHostMetrics(requestMetrics.registry, options)
  const readiness = new StorageReadiness(options.bus)
  registerStoreMetrics(requestMetrics.registry, readiness)
  useSchemas(app)
  readJsonBodies(app)
  app.addHook('onSend', async ({ id }, reply) => void reply.headers(responseHeaders(id)))
  logRequests(app, options)
  requestMetrics.observe(app)
  app.setErrorHandler(problemHandler(log))
  refuseUnusual(app, log)
  const admission = new Admission(options)
  limitRequests(app, admission)
  registerLoadMetrics(requestMetrics.registry, admission)
  guard(app, { authentication: auth, selfAuths, ...(failureLimit && { failureLimit }) })
  const paths = new KnownPaths(app)
  paths.refuseOthers(app)
  describeRoutes(app, { version })
  app.register(async (api) => addRoutes(api, options), { prefix: '/api/v0' })
  app.register(async (top) => {
    health(top, options, { metrics: requestMetrics, readiness })
    openapi(top)
  })
  return app
}

function open({ bodyLimit = 2 ** 20, requestTimeout = 30_000, tls, log }: AppOptions): FastifyInstance {
  const options = {
    bodyLimit,
    requestTimeout,
    genReqId: () => randomUUID(),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: longestName },
    frameworkErrors: urlErrorHandler(log),
    clientErrorHandler: clientErrorHandler(log),
  }
  // The Host header is checked by a hook, whose answer has a body.
  const server = { requireHostHeader: false }
  if (!tls) return Fastify({ ...options, http: server })
  const secure: object = Fastify({ ...options, https: { ...tls, ...server } })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an https.Server is an http.Server in all that matters here
  return secure as FastifyInstance
}

function addRoutes(app: App, backend: AppOptions): void {
  for (const add of [clusters, clusterHosts, clusterOperations, hosts, host, networks, containerManagers])
    add(app, backend)
  for (const add of [operations, operationStart, operationRequests, schedules, events, busRoutes])
    add(app, backend)
}

const partNames: Readonly<Record<string, string>> = {
  body: 'The body',
  params: 'The path',
  querystring: 'The query',
}

/** Requests are validated with the messages of the models. Responses are not validated: the server itself makes them. */
function useSchemas(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart = 'body' }) => (data) => {
    try {
      return {
        value: parseAs(schema, data, { name: partNames[httpPart] ?? 'The request', secret: true }),
      }
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) }
    }
  })
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
}
