/**
 * Reports rejected promises that a service did not handle. The service goes on: no input from the bus ends a process.
 */

/** Calls `report` for every unhandled rejection until the result is disposed. */
export function onUnhandledRejection(report: (error: unknown) => void): Disposable {
  const listener = (error: unknown) => report(error)
  process.on('unhandledRejection', listener)
  return { [Symbol.dispose]: () => process.removeListener('unhandledRejection', listener) }
}
