/**
 * Traces over the bus: W3C `traceparent` in the headers, spans from the OpenTelemetry API.
 *
 * Where no OpenTelemetry SDK is installed there is no propagator, and all of this is one comparison a call.
 */

import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
} from '@opentelemetry/api'
import type { Headers } from './transport.ts'

const noHeaders: Headers = Object.freeze({})

function tracing(): boolean {
  return propagation.fields().length > 0
}

/** The headers that carry the present trace. */
export function traceHeaders(): Headers {
  if (!tracing()) return noHeaders
  const headers: Record<string, string> = {}
  propagation.inject(context.active(), headers)
  return headers
}

/** Runs a request in a span of its own and writes the span into the headers, which `send` sends. */
export function traceRequest<T>(
  routingKey: string,
  headers: Record<string, string>,
  send: () => Promise<T>,
): Promise<T> {
  if (!tracing()) return send()
  return inSpan(`request ${routingKey}`, { kind: SpanKind.CLIENT, routingKey }, () => {
    propagation.inject(context.active(), headers)
    return send()
  })
}

/** Runs a handler in a span whose parent is the sender's. */
export function traceHandler<T>(
  message: { routingKey: string; headers: Headers },
  run: () => T | Promise<T>,
): T | Promise<T> {
  if (!tracing()) return run()
  const { routingKey, headers } = message
  const parent = propagation.extract(context.active(), headers)
  return context.with(parent, () =>
    inSpan(`handle ${routingKey}`, { kind: SpanKind.SERVER, routingKey }, run),
  )
}

async function inSpan<T>(
  name: string,
  options: { kind: SpanKind; routingKey: string },
  work: () => T | Promise<T>,
): Promise<T> {
  const attributes: Attributes = { 'rpc.system': 'jsonrpc', 'messaging.destination.name': options.routingKey }
  return trace
    .getTracer('@commissaire/bus')
    .startActiveSpan(name, { kind: options.kind, attributes }, async (span) => {
      try {
        return await work()
      } catch (error) {
        fail(span, error)
        throw error
      } finally {
        span.end()
      }
    })
}

function fail(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error))
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: error instanceof Error ? error.message : String(error),
  })
}
