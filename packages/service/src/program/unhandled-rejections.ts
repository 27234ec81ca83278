/**
 * Catches promises of a service that were dropped and then failed. They are logged and the service goes on: no input
 * from the bus ends a process.
 */

/** Calls `report` for every rejection that nobody handled, until it is disposed. */
export function catchStrays(report: (error: unknown) => void): Disposable {
  const listener = (error: unknown) => report(error)
  process.on('unhandledRejection', listener)
  return { [Symbol.dispose]: () => process.removeListener('unhandledRejection', listener) }
}
