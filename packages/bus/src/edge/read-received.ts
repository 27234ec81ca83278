/**
 * Reads a message from the untrusted values that a broker delivers. Every transport uses it. It does not throw: a
 * message that cannot be read has a `fault`.
 */

import { BusError } from '../errors.ts'
import type { Headers, ReceivedMessage } from '../transport.ts'
import { readText } from './body.ts'
import { asRefusal, beyond, malformed } from './edge-fault.ts'
import { readHeaders } from './headers.ts'
import { limits } from './limits.ts'

/** A message as a broker delivers it. */
export interface UntrustedMessage {
  /** The queue that is consumed; the only trusted value. */
  readonly queue: string
  readonly routingKey: unknown
  /** The bytes of the body, or a function that returns them and may throw. */
  readonly body: Buffer | (() => Buffer)
  readonly contentType: unknown
  readonly compression?: unknown
  readonly headers: Readonly<Record<string, unknown>>
  readonly replyTo: unknown
  readonly redelivered: boolean
  /** An error that the transport has already found. */
  readonly fault?: BusError | undefined
}

/**
 * Returns why a name cannot be that of a reply queue on this transport; undefined when it can. It is called only with
 * names within the limit of length.
 */
export type ReplyRule = (name: string) => string | undefined

const OWN_QUEUE = 'it is the queue that the message came from'
const noHeaders: Headers = Object.freeze(Object.create(null))

/** Reads a message. When it must be refused, the result has a `fault` and an empty body. */
export function readReceived(untrusted: UntrustedMessage, replyRule: ReplyRule): ReceivedMessage {
  const { queue, redelivered } = untrusted
  const ruleOf: ReplyRule = (name) => (name === queue ? OWN_QUEUE : replyRule(name))
  const reply = attempt(() => readReplyTo(untrusted.replyTo, ruleOf))
  const key = attempt(() => readBounded(untrusted.routingKey, 'routingKeyBytes', 'the routing key'))
  const type = attempt(() => readBounded(untrusted.contentType, 'contentTypeBytes', 'the content type'))
  const headers = attempt(() => readHeaders(untrusted.headers))
  const early = untrusted.fault ?? reply.fault ?? key.fault ?? type.fault ?? headers.fault
  const body = early
    ? { fault: early }
    : attempt(() => readText(bytesOf(untrusted.body), untrusted.compression))
  const received = {
    queue,
    redelivered,
    routingKey: key.value ?? '',
    contentType: type.value ?? '',
    headers: headers.value ?? noHeaders,
    replyTo: reply.value,
    body: body.value ?? '',
  }
  return body.fault ? { ...received, fault: body.fault } : received
}

type Attempt<T> = { readonly value?: T; readonly fault?: BusError }

function attempt<T>(read: () => T): Attempt<T> {
  try {
    return { value: read() }
  } catch (error) {
    return { fault: asRefusal(error) }
  }
}

function bytesOf(body: UntrustedMessage['body']): Buffer {
  return typeof body === 'function' ? body() : body
}

function readReplyTo(value: unknown, replyRule: ReplyRule): string | undefined {
  const name = readBounded(value, 'replyToBytes', 'the name of the reply queue')
  if (name === '') return undefined
  const objection = isPrintable(name) ? replyRule(name) : 'it has control characters'
  if (objection === undefined) return name
  throw malformed(`the reply queue ${JSON.stringify(name)}`, `cannot receive a reply: ${objection}`)
}

/** Returns false for control characters and invalid Unicode. */
function isPrintable(name: string): boolean {
  return name.isWellFormed() && !/\p{Cc}/u.test(name)
}

/** Returns a string within its limit; empty when there is none. */
function readBounded(
  value: unknown,
  limit: 'routingKeyBytes' | 'contentTypeBytes' | 'replyToBytes',
  subject: string,
): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw malformed(subject, 'must be a text')
  const bytes = Buffer.byteLength(value)
  if (bytes > limits[limit].value) throw beyond(limit, bytes)
  return value
}
