/**
 * The one place where what a broker hands over becomes a message: every transport calls it with bytes and values of
 * which nothing is certain. Nothing is thrown from here; a message that cannot be read carries the reason.
 */

import { BusError } from '../errors.ts'
import type { Headers, ReceivedMessage } from '../transport.ts'
import { readText } from './body.ts'
import { asRefusal, beyond, malformed } from './edge-fault.ts'
import { readHeaders } from './headers.ts'
import { limits } from './limits.ts'

/** A message as it lies on a broker. */
export interface UntrustedMessage {
  /** The queue that we consume from; the one thing that is ours. */
  readonly queue: string
  readonly routingKey: unknown
  /** The body as it lies on the broker, or a function that makes the bytes, and may throw. */
  readonly body: Buffer | (() => Buffer)
  readonly contentType: unknown
  readonly compression?: unknown
  readonly headers: Readonly<Record<string, unknown>>
  readonly replyTo: unknown
  readonly redelivered: boolean
  /** What has been found wrong already, before anything here is read. */
  readonly fault?: BusError | undefined
}

/**
 * Says why a name cannot be that of a reply queue on this transport; undefined where it can. It is asked for names of
 * bounded length only.
 */
export type ReplyRule = (name: string) => string | undefined

const OWN_QUEUE = 'it is the queue that the message came from'
const noHeaders: Headers = Object.freeze(Object.create(null))

/** Reads a message. `fault` is there where it must be refused; then the body is empty. */
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
  throw malformed(`the reply queue ${JSON.stringify(name)}`, `cannot be answered to: ${objection}`)
}

/** Every control character, and what is no character at all. */
function isPrintable(name: string): boolean {
  return name.isWellFormed() && !/\p{Cc}/u.test(name)
}

/** A text of bounded length; empty where there is none. */
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
