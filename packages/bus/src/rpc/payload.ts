/** Bodies by their content type: JSON, or text that may be JSON. */

import { BusError } from '../errors.ts'
import { parseJson, stringifyJson } from './json.ts'
import type { Received } from '../transport.ts'

/** Writes a raw message: a text goes as it is, everything else as JSON. */
export function encodePayload(payload: unknown): { body: string; contentType: string } {
  return typeof payload === 'string'
    ? { body: payload, contentType: 'text/plain' }
    : { body: stringifyJson(payload), contentType: 'application/json' }
}

const textTypes = new Set(['', 'text/plain', 'application/data'])

/**
 * Reads a body. Text is tried as JSON first, as peers send JSON as text; where it is none it stays text, unless
 * somebody waits for the answer to what must then have been meant as a call.
 */
export function decodeBody({
  body,
  contentType,
  replyTo,
}: Pick<Received, 'body' | 'contentType' | 'replyTo'>): unknown {
  if (contentType !== 'application/json' && !textTypes.has(contentType)) throw unknownType(contentType)
  try {
    return parseJson(body)
  } catch (cause) {
    if (contentType !== 'application/json' && replyTo === undefined) return body
    throw new BusError(
      'ParseError',
      `the message is not JSON: ${cause instanceof Error ? cause.message : ''}`,
      { cause },
    )
  }
}

function unknownType(contentType: string): BusError {
  const message = `the content type is "${contentType}"; this service reads application/json and text/plain`
  return new BusError('InvalidRequest', message, { data: { contentType } })
}
