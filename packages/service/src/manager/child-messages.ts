/** What the manager and its child processes say to each other, over the channel that Node opens between them. */
import type { MetricObjectWithValues, MetricValue } from 'prom-client'

/** The figures of one process, as prom-client writes them. */
export type Figures = MetricObjectWithValues<MetricValue<string>>[]

/** What the manager says. */
export type ToChild = { readonly commissaire: 'drain' } | { readonly commissaire: 'metrics' }

/** What a child says. */
export type FromChild =
  | { readonly commissaire: 'ready' }
  | { readonly commissaire: 'stopping' }
  | { readonly commissaire: 'error'; readonly error: ReportedError; readonly fatal: boolean }
  | { readonly commissaire: 'metrics'; readonly figures: Figures }

/** An error that has crossed from one process to another. */
export interface ReportedError {
  readonly type: string
  readonly message: string
  readonly stack: string | undefined
}

/** True for what a manager says; a service may use the same channel for things of its own. */
export function isToChild(message: unknown): message is ToChild {
  return isOurs(message)
}

/** True for what a child of a manager says. */
export function isFromChild(message: unknown): message is FromChild {
  return isOurs(message)
}

const isOurs = (message: unknown) =>
  typeof message === 'object' && message !== null && 'commissaire' in message

/** The error with all that is known of its causes, as text. */
export function reportable(error: unknown): ReportedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error), stack: undefined }
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack ?? error.cause.message}` : ''
  return {
    type: error.constructor.name,
    message: error.message,
    stack: `${error.stack ?? error.message}${cause}`,
  }
}
