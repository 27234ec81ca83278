/** The errors of the NATS transport: they say what was tried, what was found and what to do. */

import { errors, type Msg } from '@nats-io/transport-node'
import { JetStreamApiError } from '@nats-io/jetstream'
import { BusError } from '../../errors.ts'
import { unreachable } from '../unreachable.ts'
import type { Address } from './address.ts'

/** The oldest version whose JetStream has everything that this transport needs. */
export const oldestServer = '2.9'

/** Returns the error for a connection that cannot be made. */
export function cannotConnect({ servers, login }: Address, cause: unknown): BusError {
  if (cause instanceof errors.AuthorizationError) {
    const advice =
      'check name and password, or the token, in the URL: nats://user:password@host or nats://token@host'
    return failure(`NATS at ${servers} refused the login ${login}: ${cause.message}; ${advice}`, cause)
  }
  const found = textOf(cause)
  if (/does not support 'tls'|'tls' is not available/.test(found)) {
    const advice = 'use nats:// in the URL, or configure TLS on the server'
    return failure(`NATS at ${servers} does not use TLS: ${found}; ${advice}`, cause)
  }
  return unreachable('NATS', servers, cause)
}

/** Returns the error for a server that is too old. */
export function tooOld(servers: string, version: string): BusError {
  return failure(`the server at ${servers} is NATS ${version}; this bus needs NATS ${oldestServer} or later`)
}

/** Returns the error for a server without JetStream. */
export function noJetStream({ servers, login }: Address, cause: unknown): BusError {
  const advice =
    'write "jetstream: enabled" into nats-server.conf or start it with -js, and allow it to this account'
  return failure(`NATS at ${servers} offers no JetStream ${login}: ${textOf(cause)}; ${advice}`, cause)
}

/** Returns the error for a closed connection. */
export function closed(): BusError {
  return failure('this connection to the bus is closed')
}

/** Returns the error for a connection that did not come back in time; nothing was sent. */
export function disconnected(milliseconds: number): BusError {
  return failure(`the broker was unreachable for ${milliseconds} ms; the message was not sent`)
}

/** Returns an error whose `outcome` tells callers that the message may have been sent. */
export function unknownOutcome(cause?: unknown): BusError {
  const message =
    'the connection to the broker broke while a message was being sent; it may or may not have arrived'
  return new BusError('ConnectionLost', message, { cause, data: { outcome: 'unknown' } })
}

/** Returns the error for a message that JetStream refuses. */
export function refused(cause: unknown): BusError {
  return failure(`NATS refused the message: ${textOf(cause)}`, cause)
}

/**
 * Throws when JetStream has refused a message. The acknowledgement is `{"stream", "seq"}` or `{"error"}`; only the
 * second is parsed.
 */
export function checkAck(answer: Msg): void {
  const text = answer.string()
  if (!text.includes('"error"')) return
  const { error }: { error?: { description?: string } } = JSON.parse(text)
  if (error) throw refused(error.description ?? text)
}

/** Returns true for an error that JetStream returned: the connection works, the request failed. */
export function isRefusal(error: unknown): error is JetStreamApiError {
  return error instanceof JetStreamApiError
}

/** Returns true when the message or stream of a request does not exist. */
export function isNotFound(error: unknown): boolean {
  if (!isRefusal(error)) return false
  if (error.status === notFound || error.code === sequenceNotFound) return true
  return error.code === deleteFailed && /no message found|deleted message|store EOF/i.test(error.message)
}

const notFound = 404
/** Error codes of the server: the sequence number does not exist; a message could not be deleted. */
const sequenceNotFound = 10_043
const deleteFailed = 10_057

/** Returns true when nothing receives a request or a message: the stream does not exist. */
export function isNoResponders(error: unknown): boolean {
  if (error instanceof errors.RequestError) return error.isNoResponders()
  return error instanceof Error && error.name === 'JetStreamNotEnabled'
}

function failure(message: string, cause?: unknown): BusError {
  return new BusError('ConnectionLost', message, { cause })
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
