/**
 * What an error means in HTTP: the one place where errors of the bus become statuses.
 *
 * Leaving an error of the bus out of the table does not compile. Errors are told by their `code`, not by their class:
 * two copies of the bus package may be loaded.
 */
import { BusError, type ErrorName, errorTable } from '@commissaire/bus'

/** The status that answers each error of the bus. */
export const statusTable = {
  ParseError: 500,
  InvalidRequest: 500,
  MethodNotFound: 500,
  InvalidParams: 400,
  InternalError: 500,
  StorageLookup: 404,
  ContainerManager: 502,
  NotFound: 404,
  NotAllowed: 405,
  Conflict: 409,
  Timeout: 504,
  Cancelled: 503,
  NobodyListens: 503,
  ConnectionLost: 503,
  Abandoned: 500,
} as const satisfies Record<ErrorName, number>

const namesByCode = new Map<number, ErrorName>(
  Object.entries(errorTable).flatMap(([name, { code }]) => (isErrorName(name) ? [[code, name]] : [])),
)

/** The status that answers this error: 500 for everything that nobody foresaw. */
export function statusOf(error: unknown): number {
  const name = busErrorName(error)
  if (name) return statusTable[name]
  if (isInvalid(error)) return 400
  const status = attribute(error, 'statusCode')
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}

/** The name of an error of the bus; undefined for any other. */
export function busErrorName(error: unknown): ErrorName | undefined {
  const code = attribute(error, 'code')
  return typeof code === 'number' ? namesByCode.get(code) : undefined
}

/** The thing that was looked for, or an error that says it is not there. */
export function found<T>(thing: T | undefined, what: string): T {
  if (thing === undefined) throw new BusError('NotFound', `There is no ${what}.`)
  return thing
}

/** What is wrong with data, fault by fault: our own finding, or that of the service that was asked; undefined for other errors. */
export function faultsIn(error: unknown): unknown {
  if (isInvalid(error)) return attribute(error, 'faults')
  return busErrorName(error) === 'InvalidParams' ? attribute(attribute(error, 'data'), 'faults') : undefined
}

/** Whether data did not fit its schema. */
function isInvalid(error: unknown): boolean {
  return attribute(error, 'code') === 'invalid' && Array.isArray(attribute(error, 'faults'))
}

function isErrorName(name: string): name is ErrorName {
  return Object.hasOwn(errorTable, name)
}

function attribute(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
}
