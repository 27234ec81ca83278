/** What a process needs to know of a service to run it: how to run it, and its metrics. */
import type { Registry } from 'prom-client'

/** How `run()` is stopped, and what it reports. */
export interface RunOptions {
  /** Stops the service when it is aborted. */
  readonly signal?: AbortSignal
  /** Called once the service has started. */
  readonly onReady?: () => void
  /** Called for a rejected promise that the service did not handle; by default it is logged. */
  readonly onUnhandledRejection?: (error: unknown) => void
}

/** A service that a process can run. */
export interface Runnable {
  readonly metrics: Registry
  run(options?: RunOptions): Promise<void>
}
