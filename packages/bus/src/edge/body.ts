/** Reads the text of a body from its bytes, within the limits. */

import { isUtf8 } from 'node:buffer'
import { inflateSync } from 'node:zlib'

import { BusError } from '../errors.ts'
import { isDeeperThan } from './depth.ts'
import { beyond, malformed } from './edge-fault.ts'
import { limits } from './limits.ts'

/**
 * Reads the text of a body. Throws InvalidRequest when it is too large, compressed in an unknown way, nested too deeply,
 * or not UTF-8.
 */
export function readText(bytes: Buffer, compression?: unknown): string {
  if (bytes.length > limits.bodyBytes.value) throw beyond('bodyBytes', bytes.length)
  const plain = compression === undefined || compression === null ? bytes : inflate(bytes, compression)
  if (isDeeperThan(plain, limits.bodyDepth.value)) throw tooDeep()
  if (!isUtf8(plain)) throw malformed('the body', 'must be UTF-8 text')
  return plain.toString()
}

/** kombu calls zlib's format `application/x-gzip`. */
function inflate(bytes: Buffer, compression: unknown): Buffer {
  if (compression !== 'application/x-gzip')
    throw malformed('the header "compression"', 'must be "application/x-gzip"')
  try {
    return inflateSync(bytes, { maxOutputLength: limits.inflatedBytes.value })
  } catch (cause) {
    const isTooLarge = cause instanceof RangeError
    if (isTooLarge) throw tooLarge(cause)
    throw new BusError('InvalidRequest', 'the body is not compressed in the way that its header names', {
      cause,
    })
  }
}

function tooDeep(): BusError {
  const { value, unit, meaning } = limits.bodyDepth
  const message = `${meaning}: at most ${value} ${unit} are accepted`
  return new BusError('InvalidRequest', message, { data: { limit: 'bodyDepth', most: value } })
}

function tooLarge(cause: unknown): BusError {
  const { value, unit, meaning } = limits.inflatedBytes
  const message = `${meaning}: at most ${value} ${unit} are accepted`
  return new BusError('InvalidRequest', message, { cause, data: { limit: 'inflatedBytes', most: value } })
}
