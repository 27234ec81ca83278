/** The errors for messages that are refused when they arrive. */

import { BusError } from '../errors.ts'
import { limits, type LimitName } from './limits.ts'

/** Returns the error for a message beyond a limit: InvalidRequest (-32600) with the limit and the value found. */
export function beyond(name: LimitName, found: number): BusError {
  const { value, unit, meaning } = limits[name]
  const message = `${meaning}: at most ${value} ${unit} are accepted, ${found} were found`
  return new BusError('InvalidRequest', message, { data: { limit: name, most: value, found } })
}

/** Returns the error for a part of a message, `subject`, that does not follow its `rule`. */
export function malformed(subject: string, rule: string): BusError {
  return new BusError('InvalidRequest', `${subject} ${rule}`, { data: { subject } })
}

/** Converts anything thrown while a message was read into an error that its sender may see. */
export function asRefusal(error: unknown): BusError {
  if (error instanceof BusError) return error
  const found = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new BusError('InvalidRequest', `the message cannot be read (${found})`, { cause: error })
}
