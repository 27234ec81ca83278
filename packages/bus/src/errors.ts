/**
 * Every error that can cross the bus: one table of names, codes and meanings.
 *
 * Negative codes come from JSON-RPC and from the original system; positive codes are HTTP status codes, as peers use
 * them. Compare `code`, not the class or the text: two copies of this package may be loaded.
 */

interface ErrorRow {
  readonly code: number
  readonly meaning: string
}

/** Name, code and meaning of each error. A test compares the table in the manual with this one. */
export const errorTable = {
  ParseError: { code: -32700, meaning: 'The message is not JSON.' },
  InvalidRequest: { code: -32600, meaning: 'The message is JSON but not a JSON-RPC request.' },
  MethodNotFound: { code: -32601, meaning: 'The service has no such method.' },
  InvalidParams: { code: -32602, meaning: 'The arguments do not match the method.' },
  InternalError: { code: -32603, meaning: 'The service failed with an error of its own.' },
  StorageLookup: { code: -20000, meaning: 'No model is stored under this key.' },
  ContainerManager: {
    code: -20001,
    meaning: 'The container manager refused the request or could not be reached.',
  },
  NotFound: { code: 404, meaning: 'The thing does not exist.' },
  NotAllowed: { code: 405, meaning: 'The thing is in the wrong state for this.' },
  Conflict: { code: 409, meaning: 'Somebody else changed the thing, or it exists with different content.' },
  Timeout: { code: -20010, meaning: 'No reply came within the time limit.' },
  Cancelled: { code: -20011, meaning: 'The caller cancelled the request.' },
  NobodyListens: { code: -20012, meaning: 'No queue is bound to the routing key.' },
  ConnectionLost: { code: -20013, meaning: 'The broker could not be reached.' },
  StoreFull: { code: 507, meaning: 'The store has no room left; nothing was changed.' },
  StoreUnavailable: { code: 503, meaning: 'The store cannot be read or written at the moment.' },
  Abandoned: { code: -20014, meaning: 'The message ended too many processes and is now a dead letter.' },
} as const satisfies Record<string, ErrorRow>

/** The name of an error in the table. */
export type ErrorName = keyof typeof errorTable

/** Facts about an error, as JSON. `exception` is the name of the error's class, which peers expect. */
export type ErrorData = Readonly<Record<string, unknown>>

/** An error of the table. It crosses the bus with message, code and data unchanged. */
export class BusError extends Error {
  override readonly name: string
  readonly code: number
  readonly data: ErrorData

  /** `code` is for errors from peers whose code is not in the table; for all others the name determines it. */
  constructor(
    name: ErrorName | 'RemoteError',
    message: string,
    options: { data?: ErrorData; cause?: unknown; code?: number } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = name
    this.code =
      options.code ?? (name === 'RemoteError' ? errorTable.InternalError.code : errorTable[name].code)
    this.data = options.data ?? {}
  }
}

const names = new Map<number, ErrorName>()
for (const name in errorTable) if (isErrorName(name)) names.set(errorTable[name].code, name)

function isErrorName(name: string): name is ErrorName {
  return Object.hasOwn(errorTable, name)
}

/** Returns the error for a code. A code that is not in the table gives a `RemoteError` with that code. */
export function errorOfCode(code: number, message: string, data: ErrorData): BusError {
  return new BusError(names.get(code) ?? 'RemoteError', message, { data, code })
}
