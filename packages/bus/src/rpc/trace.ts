/**
 * Traces over the bus: W3C `traceparent` in the headers, spans from the OpenTelemetry API.
 *
 * Without an installed OpenTelemetry SDK there is no propagator, and tracing costs one check a call. The API has a
 * hundred modules, so it is loaded only when a propagator exists, synchronously with `require`, during a call.
 */
import { createRequire } from 'node:module'
import type { Attributes, Span, SpanKind } from '@opentelemetry/api'
import type { Headers } from '../transport.ts'

type Api = typeof import('@opentelemetry/api')

const noHeaders: Headers = Object.freeze({})

/** The global under which every copy of the API stores the installed providers. */
const installed = Symbol.for('opentelemetry.js.api.1')

let loaded: Api | undefined

/** Returns the API when a propagator is installed. */
function tracing(): Api | undefined {
  if (!(installed in globalThis)) return undefined
  loaded ??= createRequire(import.meta.url)('@opentelemetry/api') as Api
  return loaded.propagation.fields().length > 0 ? loaded : undefined
}

/** Returns the headers of the current trace. */
export function traceHeaders(): Headers {
  const api = tracing()
  if (!api) return noHeaders
  const headers: Record<string, string> = {}
  api.propagation.inject(api.context.active(), headers)
  return headers
}

/** Runs a request in its own span and writes the span into `headers`, which `send` sends. */
export function traceRequest<T>(
  routingKey: string,
  headers: Record<string, string>,
  send: () => Promise<T>,
): Promise<T> {
  const api = tracing()
  if (!api) return send()
  return inSpan(api, { name: `request ${routingKey}`, kind: api.SpanKind.CLIENT, routingKey }, () => {
    api.propagation.inject(api.context.active(), headers)
    return send()
  })
}

/** Runs a handler in a span whose parent is the sender's. */
export function traceHandler<T>(
  message: { routingKey: string; headers: Headers },
  run: () => T | Promise<T>,
): T | Promise<T> {
  const api = tracing()
  if (!api) return run()
  const { routingKey, headers } = message
  const parent = api.propagation.extract(api.context.active(), headers)
  return api.context.with(parent, () =>
    inSpan(api, { name: `handle ${routingKey}`, kind: api.SpanKind.SERVER, routingKey }, run),
  )
}

async function inSpan<T>(
  api: Api,
  { name, kind, routingKey }: { name: string; kind: SpanKind; routingKey: string },
  work: () => T | Promise<T>,
): Promise<T> {
  const attributes: Attributes = { 'rpc.system': 'jsonrpc', 'messaging.destination.name': routingKey }
  const tracer = api.trace.getTracer('@commissaire/bus')
  return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
    try {
      return await work()
    } catch (error) {
      fail(api, span, error)
      throw error
    } finally {
      span.end()
    }
  })
}

function fail(api: Api, span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error))
  const message = error instanceof Error ? error.message : String(error)
  span.setStatus({ code: api.SpanStatusCode.ERROR, message })
}
