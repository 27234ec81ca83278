/**
 * The wire of kombu on AMQP: no envelope, but the properties of the protocol, and the body as it is.
 *
 * Pure functions from our messages to theirs and back. `docs/reference/wire.md` describes the format.
 */

import type { AsyncMessage, Envelope, SyncMessage } from 'rabbitmq-client'
import type { Headers, OutgoingMessage, ReceivedMessage, Reply } from '../../transport.ts'
import { inflate } from '../compression.ts'

/** Where messages of a queue wait that have ended a process, or were given back. */
export function retryQueue(queue: string): string {
  return `${queue}.retry`
}

/** Where messages of a queue are set aside. */
export function deadQueue(queue: string): string {
  return `${queue}.dead`
}

/** What is said to all connections of an exchange goes through an exchange of its own, which vanishes with them. */
export function broadcastExchange(exchange: string): string {
  return `_commissaire.all.${exchange}`
}

/** Writes the properties of a message as kombu does; `messageId` is ours, and peers ignore it. */
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
    // Somebody waits: then it is good to know that nobody listens.
    ...(replyTo === undefined ? {} : { replyTo, mandatory: true }),
  }
}

/** Writes an answer as the original does, but straight to the queue: how that was declared is its owner's business. */
export function encodeReply({ queue, body, headers = {} }: Reply): Envelope {
  return encodeMessage({ routingKey: queue, body, contentType: 'text/plain', headers }, '')
}

/** A message as the client library hands it over. */
export type Raw = AsyncMessage | SyncMessage

/** A message as it was read, with what only this transport needs to know. */
export interface AmqpMessage extends ReceivedMessage {
  readonly raw: Raw
  /** How many processes it has ended, as far as that is written on it. */
  readonly attempts: number
}

/**
 * Reads a message that came from a queue of its own name, or from one of ours beside it: there the routing key is
 * that of the queue, and its own one is in a header.
 */
export function decodeMessage(raw: Raw, queue: string): AmqpMessage {
  const headers = raw.headers ?? {}
  const beside = raw.routingKey !== queue && [retryQueue(queue), deadQueue(queue)].includes(raw.routingKey)
  return {
    raw,
    queue,
    routingKey: beside ? textOr(headers['routing-key'], raw.routingKey) : raw.routingKey,
    ...readBody(raw),
    headers: textsOnly(headers),
    replyTo: raw.replyTo === '' ? undefined : raw.replyTo,
    redelivered: raw.redelivered || headers['redelivered'] === true,
    attempts: Number(headers['attempts'] ?? 0) || 0,
  }
}

/** What changes when a message goes to a queue beside its own, or back. */
export interface Change {
  readonly attempts: number
  readonly redelivered: boolean
  /** Why it was set aside, and when; undefined takes earlier reasons away. */
  readonly dead?: { readonly reason: string; readonly at: string }
}

/** Writes the properties of a copy. Time limits of the broker are left out, and so is the user, whom it would check. */
export function encodeCopy(message: AmqpMessage, to: string, change: Change): Envelope {
  const { raw, routingKey, queue } = message
  const { 'dead-reason': _reason, 'dead-at': _at, 'dead-queue': _queue, ...headers } = raw.headers ?? {}
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
 * Writes the properties of a message that goes back to its queue as if it were new. It is addressed by its own routing
 * key, as Python peers look at that; that it reaches the queue is the business of a header that the broker takes away.
 */
export function encodeReplay(message: AmqpMessage): Envelope {
  const change = { attempts: 0, redelivered: false }
  const { headers = {}, ...envelope } = encodeCopy(message, message.routingKey, change)
  const { 'routing-key': _key, ...rest } = headers
  return { ...envelope, headers: { ...rest, BCC: [message.queue] } }
}

/** Why and when a message was set aside. */
export function deadFacts({ raw }: AmqpMessage): { reason: string; deadAt: string } {
  const headers = raw.headers ?? {}
  return { reason: textOr(headers['dead-reason'], ''), deadAt: textOr(headers['dead-at'], '') }
}

/** The bytes of a body, as nearly as the client library has left them alone. */
export function bytesOf(raw: Raw): Buffer {
  const body: unknown = raw.body
  if (Buffer.isBuffer(body)) return body
  // It has parsed what is JSON and does not name its encoding.
  if (raw.contentType === 'application/json' || typeof body !== 'string')
    return Buffer.from(JSON.stringify(body ?? null))
  return Buffer.from(body)
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
  return Object.fromEntries(
    properties.flatMap((name) => (raw[name] === undefined ? [] : [[name, raw[name]]])),
  )
}

/** A body that cannot be unpacked is refused by the bus as what it is: content of an unknown type. */
function readBody(raw: Raw): { body: string; contentType: string } {
  const { contentType = '' } = raw
  const compression: unknown = raw.headers?.['compression'] ?? undefined
  if (compression === undefined) return { body: bytesOf(raw).toString(), contentType }
  const body = inflate(bytesOf(raw), compression)
  return body === undefined
    ? { body: '', contentType: `${contentType}; ${JSON.stringify(compression)}` }
    : { body, contentType }
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

function textsOnly(headers: Record<string, unknown>): Headers {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') texts[name] = value
    else if (typeof value === 'number' || typeof value === 'boolean') texts[name] = String(value)
  }
  return texts
}
