/** Why a message is refused at the edge of the bus. */

import { BusError } from '../errors.ts'
import { limits, type LimitName } from './limits.ts'

/** A message that breaks a bound. Its sender gets InvalidRequest (-32600), with the bound and what was found. */
export function beyond(name: LimitName, found: number): BusError {
  const { value, unit, meaning } = limits[name]
  const message = `${meaning}: at most ${value} ${unit} are accepted, ${found} were found`
  return new BusError('InvalidRequest', message, { data: { limit: name, most: value, found } })
}

/** A message that has something of the wrong kind: `subject` says what, `rule` what it must be. */
export function malformed(subject: string, rule: string): BusError {
  return new BusError('InvalidRequest', `${subject} ${rule}`, { data: { subject } })
}

/** Whatever was thrown while a message was read, as an error that its sender may see. */
export function asRefusal(error: unknown): BusError {
  if (error instanceof BusError) return error
  const found = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new BusError('InvalidRequest', `the message cannot be read (${found})`, { cause: error })
}
