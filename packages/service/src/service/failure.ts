/** What an error of a handler looks like to the caller: one place in which every error becomes a `BusError`. */
import { BusError, type Logger, type Message } from '@commissaire/bus'

/** True for an error that says how it travels: a numeric code, and data. From whichever copy of the bus package. */
export function isBusError(error: unknown): error is BusError {
  if (!(error instanceof Error && 'code' in error && 'data' in error)) return false
  return Number.isInteger(error.code) && typeof error.data === 'object' && error.data !== null
}

/** The error as it is, or as an InternalError that names the class of what was thrown. */
export function toBusError(error: unknown): BusError {
  if (isBusError(error)) return error
  const exception = error instanceof Error ? error.constructor.name || error.name : typeof error
  const message = error instanceof Error ? error.message : String(error)
  return new BusError('InternalError', message || exception, { data: { exception }, cause: error })
}

/**
 * Writes the one line about a request that ended with an error; a stack only where nobody meant the error.
 * Where nobody waits for the answer the bus has the error last, and writes that line.
 */
export function logFailure(
  log: Logger,
  message: Message,
  { thrown, error }: { thrown: unknown; error: BusError },
): void {
  const { id, method, queue, routingKey } = message
  if (!message.wantsReply) return
  const facts = { id, method, queue, routingKey, code: error.code }
  const sentence = `${routingKey}: ${error.message}`
  if (message.signal.aborted) log.debug({ ...facts, err: thrown }, `${sentence} (its caller had given up)`)
  else if (error.name === 'InternalError') log.error({ ...facts, err: thrown }, sentence)
  else log.info(facts, sentence)
}
