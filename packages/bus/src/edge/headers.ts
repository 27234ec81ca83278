/** Reads headers that came from a broker: texts of bounded length, and the few that only we may write. */

import type { Headers } from '../transport.ts'
import { beyond } from './edge-fault.ts'
import { limits } from './limits.ts'

/**
 * The headers of a message as texts. Numbers and booleans become texts, what is neither is left out, as peers on other
 * brokers send tables and lists there. Throws InvalidRequest for too many, too long names and too long values.
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

/** The bytes of a text that is within its bound. */
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
 * A count of attempts that stands in a header. Only we write it, but anybody can: what is no whole number within the
 * bound counts as none.
 */
export function readAttempts(value: unknown): number {
  const count = typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isInteger(count) && count > 0 && count <= limits.attempts.value
    ? count
    : 0
}

/** A deadline that stands in a header, in milliseconds since 1970; undefined where there is none within the bound. */
export function readDeadline(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined
  const deadline = Number(value)
  return deadline <= limits.deadline.value ? deadline : undefined
}

/** A text in a header that only we write; empty where it is not a text, cut where it is too long. */
export function readNote(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, limits.headerValueBytes.value) : ''
}
