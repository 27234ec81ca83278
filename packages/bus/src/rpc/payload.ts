/** Encodes and decodes bodies by content type: JSON, or text that may be JSON. */

import { BusError } from '../errors.ts'
import { parseJson, stringifyJson } from './json.ts'
import type { ReceivedMessage } from '../transport.ts'

/** Writes the payload of a raw message: a string as it is, everything else as JSON. */
export function encodePayload(payload: unknown): { body: string; contentType: string } {
  return typeof payload === 'string'
    ? { body: payload, contentType: 'text/plain' }
    : { body: stringifyJson(payload), contentType: 'application/json' }
}

const textTypes = new Set(['', 'text/plain', 'application/data'])

/**
 * Reads a body. Text is parsed as JSON first, because peers send JSON as text. Text that is not JSON stays text, unless
 * the message has a reply queue: then it must be a call, and a ParseError is thrown.
 */
export function decodeBody({
  body,
  contentType,
  replyTo,
}: Pick<ReceivedMessage, 'body' | 'contentType' | 'replyTo'>): unknown {
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
