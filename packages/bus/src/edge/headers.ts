/** Reads the headers of a message from a broker: strings within the limits, and those that only the bus writes. */

import type { Headers } from '../transport.ts'
import { beyond } from './edge-fault.ts'
import { limits } from './limits.ts'

/**
 * Returns the headers of a message as strings. Numbers and booleans become strings; tables and lists, which some peers
 * send, are left out. Throws InvalidRequest for too many headers, and for names or values that are too long.
 */
export function readHeaders(written: Readonly<Record<string, unknown>>): Headers {
  const names = Object.keys(written)
  if (names.length > limits.headerCount.value) throw beyond('headerCount', names.length)
  const headers: Record<string, string> = Object.create(null)
  let total = 0
  for (const name of names) {
    const text = textOf(written[name])
    if (text === undefined) continue
    total += bounded(name, 'headerNameBytes') + bounded(text, 'headerValueBytes')
    headers[name] = text
  }
  if (total > limits.headersBytes.value) throw beyond('headersBytes', total)
  return headers
}

/** Returns the bytes of a string, or throws when it is beyond its limit. */
function bounded(text: string, limit: 'headerNameBytes' | 'headerValueBytes'): number {
  const bytes = Buffer.byteLength(text)
  if (bytes > limits[limit].value) throw beyond(limit, bytes)
  return bytes
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/**
 * Reads the count of attempts from a header. Peers can write it too, so a value that is not a whole number within the
 * limit counts as 0.
 */
export function readAttempts(value: unknown): number {
  const count = typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isInteger(count) && count > 0 && count <= limits.attempts.value
    ? count
    : 0
}

/** Reads the deadline from a header, in milliseconds since 1970; returns undefined when none is within the limit. */
export function readDeadline(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined
  const deadline = Number(value)
  return deadline <= limits.deadline.value ? deadline : undefined
}

/** Reads a string from a header that the bus writes; empty when it is not a string, cut when it is too long. */
export function readNote(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, limits.headerValueBytes.value) : ''
}
