/** What goes wrong between us and NATS, as errors that say what was tried, what was found and what to do. */

import { errors, type Msg } from '@nats-io/transport-node'
import { JetStreamApiError } from '@nats-io/jetstream'
import { BusError } from '../../errors.ts'
import { unreachable } from '../unreachable.ts'
import type { Address } from './address.ts'

/** The oldest server whose JetStream has all that is needed. */
export const oldestServer = '2.9'

/** Why no connection could be made. */
export function cannotConnect({ servers, login }: Address, cause: unknown): BusError {
  if (cause instanceof errors.AuthorizationError) {
    const advice =
      'check name and password, or the token, in the URL: nats://user:password@host or nats://token@host'
    return failure(`NATS at ${servers} refused us ${login}: ${cause.message}; ${advice}`, cause)
  }
  const found = textOf(cause)
  if (/does not support 'tls'|'tls' is not available/.test(found)) {
    const advice = 'write nats:// in the URL, or give the server its certificate'
    return failure(`NATS at ${servers} does not speak TLS: ${found}; ${advice}`, cause)
  }
  return unreachable('NATS', servers, cause)
}

/** The server is there, but is too old. */
export function tooOld(servers: string, version: string): BusError {
  return failure(`the server at ${servers} is NATS ${version}; this bus needs NATS ${oldestServer} or later`)
}

/** The server is there, but keeps no messages. */
export function noJetStream({ servers, login }: Address, cause: unknown): BusError {
  const advice =
    'write "jetstream: enabled" into nats-server.conf or start it with -js, and allow it to this account'
  return failure(`NATS at ${servers} gives us, ${login}, no JetStream: ${textOf(cause)}; ${advice}`, cause)
}

/** The connection is closed for good. */
export function closed(): BusError {
  return failure('this connection to the bus is closed')
}

/** The connection has been away for too long; nothing was sent. */
export function disconnected(milliseconds: number): BusError {
  return failure(`the broker was unreachable for ${milliseconds} ms; the message was not sent`)
}

/** `outcome` tells callers that the message may have been sent. */
export function unknownOutcome(cause?: unknown): BusError {
  const message =
    'the connection to the broker broke while a message was on its way; it may or may not have arrived'
  return new BusError('ConnectionLost', message, { cause, data: { outcome: 'unknown' } })
}

/** JetStream itself said no. */
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

/** True for an error that JetStream itself returned: the connection is well, the wish was not. */
export function isRefusal(error: unknown): error is JetStreamApiError {
  return error instanceof JetStreamApiError
}

/** True where nobody takes what was asked or sent: the stream is not there. */
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
