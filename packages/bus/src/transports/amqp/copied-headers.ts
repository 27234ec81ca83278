/**
 * The headers of a copy: what can be written back without the broker refusing it. Tables come from anybody, and one
 * value that the broker refuses ends the connection and everything on it.
 */

import { limits } from '../../edge/limits.ts'

/** Deeper tables are left out. */
const DEEPEST = 8
/** The broker routes copies to the queues that these name. */
const ROUTING = new Set(['CC', 'BCC'])

/** Copies what a broker takes back. Where that is larger than the bound of headers, nothing is copied. */
export function copiedHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.entries(headers).filter(
    ([name, value]) =>
      !ROUTING.has(name) &&
      isPlain(value, DEEPEST) &&
      Buffer.byteLength(name) <= limits.headerNameBytes.value,
  )
  const copied = Object.fromEntries(kept)
  return Buffer.byteLength(JSON.stringify(copied)) <= limits.headersBytes.value ? copied : {}
}

function isPlain(value: unknown, levels: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || levels === 0 || !isContainer(value)) return false
  return Object.entries(value).every(
    ([name, member]) =>
      Buffer.byteLength(name) <= limits.headerNameBytes.value && isPlain(member, levels - 1),
  )
}

function isContainer(value: object): boolean {
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
}
