/** What one can say about a service when making it; the same for one process and for many. */
import type { Bus, Logger } from '@commissaire/bus'
import type { Registry } from 'prom-client'
import type { ServiceQueue } from './queues.ts'

/** How a service connects, what it consumes, and how it behaves. All of it is optional. */
export interface ServiceOptions {
  /** The topic exchange; default `commissaire`. */
  readonly exchangeName?: string
  /** Where the broker is; default the environment's COMMISSAIRE_BUS_URI, else Redis on this machine. */
  readonly connectionUrl?: string
  /** What to consume. A service without queues only speaks. */
  readonly queues?: readonly ServiceQueue[]
  /** How many messages this process works on at a time; default 100. */
  readonly prefetch?: number
  /** How many milliseconds `close` waits for the messages in hand; default 30 000. */
  readonly drainTimeout?: number
  /** How many milliseconds the broker waits before a message of a dead process is delivered again. */
  readonly visibility?: number
  /** How many processes a message may end before it is set aside. */
  readonly maxAttempts?: number
  /** How many milliseconds this service's own requests wait where they do not say; default 10 000. */
  readonly requestTimeout?: number
  /** Where `run()` answers `/metrics`, `/healthz` and `/readyz` over HTTP: a port, or `host:port`. Default nowhere. */
  readonly healthListen?: string
  /** Where to log; default one line of JSON for each event on standard error. */
  readonly log?: Logger
  /** A bus to share with others of this process. It stays open when the service closes. */
  readonly bus?: Bus
  /** The registry of Prometheus metrics to count in; default one of its own. */
  readonly metrics?: Registry
}

/** Where a service connects to when nobody says. */
export function defaultConnectionUrl(): string {
  return process.env['COMMISSAIRE_BUS_URI'] ?? 'redis://127.0.0.1:6379/'
}
