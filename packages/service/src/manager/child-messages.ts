/** The messages between the manager and its child processes, over Node's IPC channel. */
import type { MetricObjectWithValues, MetricValue } from 'prom-client'

/** The metrics of one process, as prom-client writes them in JSON. */
export type ProcessMetrics = MetricObjectWithValues<MetricValue<string>>[]

/** A message from the manager to a child. */
export type MessageToChild = { readonly commissaire: 'drain' } | { readonly commissaire: 'metrics' }

/** A message from a child to its manager. */
export type MessageFromChild =
  | { readonly commissaire: 'ready' }
  | { readonly commissaire: 'stopping' }
  | { readonly commissaire: 'error'; readonly error: ReportedError; readonly fatal: boolean }
  | { readonly commissaire: 'metrics'; readonly metrics: ProcessMetrics }

/** An error of another process. */
export interface ReportedError {
  readonly type: string
  readonly message: string
  readonly stack: string | undefined
}

/** True for a message of the manager. A service may use the same channel for messages of its own. */
export function isMessageToChild(message: unknown): message is MessageToChild {
  return hasMarker(message)
}

/** True for a message of a manager's child. */
export function isMessageFromChild(message: unknown): message is MessageFromChild {
  return hasMarker(message)
}

const hasMarker = (message: unknown) =>
  typeof message === 'object' && message !== null && 'commissaire' in message

/** Converts an error to a form that can be sent to another process; the stack includes that of the cause. */
export function toReportedError(error: unknown): ReportedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error), stack: undefined }
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack ?? error.cause.message}` : ''
  return {
    type: error.constructor.name,
    message: error.message,
    stack: `${error.stack ?? error.message}${cause}`,
  }
}
