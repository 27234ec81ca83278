/**
 * The wire format of kombu on AMQP: the properties of the protocol instead of an envelope, and the plain body.
 *
 * Pure functions from messages to properties and back. `docs/reference/wire.md` describes the format.
 */

import type { AsyncMessage, Envelope, SyncMessage } from 'rabbitmq-client'
import { malformed } from '../../edge/edge-fault.ts'
import { readAttempts, readNote } from '../../edge/headers.ts'
import { readReceived } from '../../edge/read-received.ts'
import type { OutgoingMessage, ReceivedMessage, Reply } from '../../transport.ts'
import { copiedHeaders } from './copied-headers.ts'
import { NO_ENCODING } from './raw-bodies.ts'
import { replyRule } from './reply-rule.ts'

/** Returns the name of the queue for redelivered and released messages of a queue. */
export function retryQueue(queue: string): string {
  return `${queue}.retry`
}

/** Returns the name of the queue for the dead letters of a queue. */
export function deadQueue(queue: string): string {
  return `${queue}.dead`
}

/** Returns whether a queue holds dead letters. */
export function isDeadQueue(queue: string): boolean {
  return queue.endsWith('.dead')
}

/** Returns the name of the fanout exchange for broadcasts, which the broker deletes with its last connection. */
export function broadcastExchange(exchange: string): string {
  return `_commissaire.all.${exchange}`
}

/** Writes the properties of a message as kombu does; the publisher adds a `messageId`, which peers ignore. */
export function encodeMessage(message: OutgoingMessage, exchange: string): Envelope {
  const { routingKey, contentType, headers, replyTo, persistent = true } = message
  return {
    exchange,
    routingKey,
    contentType,
    contentEncoding: 'utf-8',
    headers: { ...headers },
    durable: persistent,
    priority: 0,
    // The broker returns a mandatory message that no queue takes, so the caller learns it at once.
    ...(replyTo === undefined ? {} : { replyTo, mandatory: true }),
  }
}

/** Writes a reply as the original does, but through the default exchange, so that nothing needs to be declared. */
export function encodeReply({ queue, body, headers = {} }: Reply): Envelope {
  return encodeMessage({ routingKey: queue, body, contentType: 'text/plain', headers }, '')
}

/** A message as the client library delivers it. */
export type Raw = AsyncMessage | SyncMessage

/** A message read from RabbitMQ, with what only this transport needs. */
export interface AmqpMessage extends ReceivedMessage {
  readonly raw: Raw
  /** How many processes died while they handled it, according to its header. */
  readonly attempts: number
}

/**
 * Reads a message from its queue, or from the retry or dead-letter queue: there the routing key is the name of that
 * queue, and the original key is in a header.
 */
export function decodeMessage(raw: Raw, queue: string): AmqpMessage {
  const headers = raw.headers ?? {}
  const isBeside = raw.routingKey !== queue && [retryQueue(queue), deadQueue(queue)].includes(raw.routingKey)
  // The headers of the bus count only on queues that only the bus writes to.
  const ours = isBeside ? headers : {}
  const untrusted = {
    queue,
    routingKey: ours['routing-key'] ?? raw.routingKey,
    body: () => bytesOf(raw),
    contentType: raw.contentType,
    compression: headers['compression'],
    headers,
    replyTo: raw.replyTo,
    redelivered: raw.redelivered || ours['redelivered'] === true,
  }
  return { ...readReceived(untrusted, replyRule), raw, attempts: readAttempts(ours['attempts']) }
}

/** What changes when a message moves to its retry or dead-letter queue, or back. */
export interface Change {
  readonly attempts: number
  readonly redelivered: boolean
  /** Why and when it was set aside; undefined removes an earlier reason. */
  readonly dead?: { readonly reason: string; readonly at: string }
}

/** Writes the properties of a copy. Leaves out the expiration, and the user id, which the broker verifies. */
export function encodeCopy(message: AmqpMessage, to: string, change: Change): Envelope {
  const { raw, routingKey, queue } = message
  const {
    'dead-reason': _reason,
    'dead-at': _at,
    'dead-queue': _queue,
    ...headers
  } = copiedHeaders(raw.headers ?? {})
  const { dead, ...marks } = change
  const notes = dead ? { 'dead-reason': dead.reason, 'dead-at': dead.at, 'dead-queue': queue } : {}
  return {
    ...kept(raw),
    exchange: '',
    routingKey: to,
    headers: { ...headers, ...marks, ...notes, 'routing-key': routingKey },
    durable: true,
    mandatory: true,
  }
}

/**
 * Writes the properties of a message that returns to its queue as a new one. It keeps its routing key, which Python
 * peers read; the header `BCC`, which the broker removes, routes it to the queue.
 */
export function encodeReplay(message: AmqpMessage): Envelope {
  const change = { attempts: 0, redelivered: false }
  const { headers = {}, ...envelope } = encodeCopy(message, message.routingKey, change)
  const { 'routing-key': _key, ...rest } = headers
  return { ...envelope, headers: { ...rest, BCC: [message.queue] } }
}

/** Returns why and when a message was set aside. */
export function deadFacts({ raw }: AmqpMessage): { reason: string; deadAt: string } {
  const headers = raw.headers ?? {}
  return { reason: readNote(headers['dead-reason']), deadAt: readNote(headers['dead-at']) }
}

/** Returns the bytes of a body. */
export function bytesOf(raw: Raw): Buffer {
  const body: unknown = raw.body
  if (Buffer.isBuffer(body)) return body
  throw malformed('the body', 'was parsed by the client library')
}

const properties = [
  'contentType',
  'contentEncoding',
  'priority',
  'replyTo',
  'correlationId',
  'messageId',
  'timestamp',
  'type',
  'appId',
] as const

function kept(raw: Raw): Envelope {
  const named = properties.flatMap((name) => (raw[name] === undefined ? [] : [[name, raw[name]]]))
  const { contentEncoding, ...envelope }: Envelope = Object.fromEntries(named)
  return contentEncoding === undefined || contentEncoding === NO_ENCODING
    ? envelope
    : { ...envelope, contentEncoding }
}
