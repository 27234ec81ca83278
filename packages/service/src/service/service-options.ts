/** The options of a service, the same for one process and for several. */
import type { Bus, Logger } from '@commissaire/bus'
import type { Registry } from 'prom-client'
import type { ServiceQueue } from './queues.ts'

/** How many milliseconds a service may take to drain unless its options say otherwise. */
export const defaultDrainTimeout = 30_000

/** How a service connects, what it consumes, and how it behaves. All options are optional. */
export interface ServiceOptions {
  /** The topic exchange; default `commissaire`. */
  readonly exchangeName?: string
  /** The URL of the broker; default the environment variable COMMISSAIRE_BUS_URI, else Redis on this machine. */
  readonly connectionUrl?: string
  /** The queues to consume. A service without queues only sends. */
  readonly queues?: readonly ServiceQueue[]
  /** How many messages this process handles at the same time; default 100. */
  readonly prefetch?: number
  /** How many milliseconds `close` waits for messages in progress; default 30 000. */
  readonly drainTimeout?: number
  /** After how many milliseconds a message of a process that died is delivered again. */
  readonly visibility?: number
  /** How many processes may die while they handle a message before it becomes a dead letter. */
  readonly maxAttempts?: number
  /** The default timeout of this service's own requests in milliseconds; default 10 000. */
  readonly requestTimeout?: number
  /** Where `run()` serves `/metrics`, `/healthz` and `/readyz` over HTTP: a port or `host:port`. Default: not served. */
  readonly healthListen?: string
  /** The log; default one line of JSON for each event on standard error. */
  readonly log?: Logger
  /** A bus that is shared with other services of this process. It stays open when the service closes. */
  readonly bus?: Bus
  /** The registry of the Prometheus metrics; default a new one. */
  readonly metrics?: Registry
}

/** The URL of the broker when the options have none. */
export function defaultConnectionUrl(): string {
  return process.env['COMMISSAIRE_BUS_URI'] ?? 'redis://127.0.0.1:6379/'
}
