/**
 * The faults of a store. Messages say what was tried, what was found, and what to do.
 */
import { BusError, type ErrorName } from '@commissaire/bus'
import type { Deletion, Place, Stored } from './handler.ts'

/** What went wrong with a store. */
export type StoreFaultKind =
  | 'full'
  | 'locked'
  | 'damaged'
  | 'unwritable'
  | 'unreachable'
  | 'refused'
  | 'sealed'
  | 'closed'

/** The error of the bus for each kind of fault. Callers may repeat a request that met one of the first four. */
const errorNames: Readonly<Record<StoreFaultKind, ErrorName>> = {
  full: 'StoreFull',
  locked: 'StoreUnavailable',
  unwritable: 'StoreUnavailable',
  unreachable: 'StoreUnavailable',
  damaged: 'InternalError',
  refused: 'InternalError',
  sealed: 'InternalError',
  closed: 'InternalError',
}

/** Thrown when a store cannot do its work: its disk is full, its data damaged, its key the wrong one. */
export class StoreFault extends BusError {
  readonly kind: StoreFaultKind

  constructor(kind: StoreFaultKind, message: string, options: { cause?: unknown } = {}) {
    super(errorNames[kind], message, { data: { exception: 'StoreFault', kind }, cause: options.cause })
    this.kind = kind
  }
}

/** Thrown when a configuration cannot be meant. The message names the file, the key, what was found and what may be. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly code = 'configuration'
}

/** The error for a revision that is not there. */
export function conflict(place: Place, expected: string | null, found: string | undefined): BusError {
  const { model, key } = place
  const message =
    expected === null
      ? `${model} ${key} exists already`
      : `${model} ${key} was changed by somebody else since revision ${expected}; read it again`
  return new BusError('Conflict', message, {
    data: { exception: 'Conflict', model_type_name: model, key, expected, found: found ?? null },
  })
}

/** Throws `Conflict` if a value that is to be deleted has another revision than the expected one. */
export function requireExpected(
  deletions: readonly Deletion[],
  found: readonly (Stored | undefined)[],
): void {
  deletions.forEach((deletion, index) => {
    const revision = found[index]?.revision
    const { expected } = deletion
    if (expected !== undefined && revision !== undefined && revision !== expected)
      throw conflict(deletion, expected, revision)
  })
}
