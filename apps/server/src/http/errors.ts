/**
 * Translates errors to HTTP statuses. This is the only place where errors of the bus become statuses.
 *
 * The table must contain every error of the bus, or it does not compile. Errors are recognized by `code` and not by class,
 * because two copies of the bus package may be loaded.
 */
import { BusError, type ErrorName, errorTable } from '@commissaire/bus'
import { RequestError } from './request-error.ts'

/** The status for each error of the bus. */
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
  StoreFull: 507,
  StoreUnavailable: 503,
  Abandoned: 500,
} as const satisfies Record<ErrorName, number>

const namesByCode = new Map<number, ErrorName>(
  Object.entries(errorTable).flatMap(([name, { code }]) => (isErrorName(name) ? [[code, name]] : [])),
)

/** Returns the status for an error: 500 for unexpected ones. */
export function statusOf(error: unknown): number {
  const name = busErrorName(error)
  if (name) return statusTable[name]
  if (isInvalid(error)) return 400
  const status = attribute(error, 'statusCode')
  const isMeant = error instanceof RequestError || (typeof status === 'number' && status < 500)
  return typeof status === 'number' && status >= 400 && isMeant ? status : 500
}

/** Returns the name of an error of the bus; undefined for any other error. */
export function busErrorName(error: unknown): ErrorName | undefined {
  const code = attribute(error, 'code')
  return typeof code === 'number' ? namesByCode.get(code) : undefined
}

/** Returns the resource, or throws NotFound when it is undefined. */
export function found<T>(resource: T | undefined, what: string): T {
  if (resource === undefined) throw new BusError('NotFound', `There is no ${what}.`)
  return resource
}

/** Returns the faults of invalid data, found by the server or by the service it asked; undefined for other errors. */
export function faultsIn(error: unknown): unknown {
  if (isInvalid(error)) return attribute(error, 'faults')
  return busErrorName(error) === 'InvalidParams' ? attribute(attribute(error, 'data'), 'faults') : undefined
}

/** Returns whether an error is a ValidationError. */
function isInvalid(error: unknown): boolean {
  return attribute(error, 'code') === 'invalid' && Array.isArray(attribute(error, 'faults'))
}

function isErrorName(name: string): name is ErrorName {
  return Object.hasOwn(errorTable, name)
}

function attribute(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
}
