/** Converts errors of handlers to the `BusError` that the caller receives, and logs them. */
import { BusError, type ErrorName, type Logger, type Message } from '@commissaire/bus'

/** True for an error with a numeric code and data. It may come from another copy of the bus package. */
export function isBusError(error: unknown): error is BusError {
  if (!(error instanceof Error && 'code' in error && 'data' in error)) return false
  return Number.isInteger(error.code) && typeof error.data === 'object' && error.data !== null
}

/** Returns a `BusError` unchanged and converts other errors to InternalError with the name of their class. */
export function toBusError(error: unknown): BusError {
  if (isBusError(error)) return error
  const exception = error instanceof Error ? error.constructor.name || error.name : typeof error
  const message = error instanceof Error ? error.message : String(error)
  return new BusError('InternalError', message || exception, { data: { exception }, cause: error })
}

/** Errors that answer a question, such as whether something exists; the caller logs them if they matter. */
const answers: ReadonlySet<string> = new Set<ErrorName>([
  'StorageLookup',
  'NotFound',
  'Conflict',
  'NotAllowed',
])

/**
 * Logs a request that failed, with a stack only for unexpected errors. Failures of notifications are not logged here but
 * by the bus, which handles them last.
 */
export function logFailure(
  log: Logger,
  message: Message,
  { thrown, error }: { thrown: unknown; error: BusError },
): void {
  const { id, method, queue, routingKey } = message
  if (!message.wantsReply) return
  const fields = { id, method, queue, routingKey, code: error.code }
  const sentence = `${routingKey}: ${error.message}`
  if (message.signal.aborted)
    log.debug({ ...fields, err: thrown }, `${sentence} (the caller had cancelled the request)`)
  else if (error.name === 'InternalError') log.error({ ...fields, err: thrown }, sentence)
  else if (answers.has(error.name)) log.debug(fields, sentence)
  else log.info(fields, sentence)
}
