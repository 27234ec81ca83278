/**
 * The headers of a copy: those that the broker accepts. Peers may send any tables, and one value that the broker refuses
 * closes the connection.
 */

import { limits } from '../../edge/limits.ts'

/** Deeper tables are left out. */
const DEEPEST = 8
/** The broker routes copies to the queues that these name. */
const ROUTING = new Set(['CC', 'BCC'])

/** Copies the headers that the broker accepts. Returns none when they are larger than the limit of headers. */
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
