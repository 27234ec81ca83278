/**
 * The wire format of kombu: messages as elements of a Redis list.
 *
 * Pure functions from messages to text and back. `docs/reference/wire.md` describes the format; the tests compare it
 * with messages recorded from the original.
 */

import { randomUUID } from 'node:crypto'
import { malformed } from '../../edge/edge-fault.ts'
import { readAttempts, readNote } from '../../edge/headers.ts'
import { readReceived } from '../../edge/read-received.ts'
import type { OutgoingMessage, ReceivedMessage, Reply } from '../../transport.ts'
import { replyRule } from './reply-rule.ts'
import { readObject } from './read-object.ts'

/** Separates the fields of a binding, and a queue from its priority. */
export const separator = '\u0006\u0016'

/** The priority steps, the most urgent first. Each queue has one list per step. */
export const prioritySteps = [0, 3, 6, 9] as const

/** Returns the lists of a queue, the most urgent first. */
export function listsOf(queue: string): string[] {
  return prioritySteps.map((step) => (step === 0 ? queue : `${queue}${separator}${step}`))
}

/** The keys that hold the claims of one exchange. */
export interface ClaimKeys {
  readonly index: string
  readonly unacked: string
  readonly leases: string
}

/** Returns kombu's two keys, which all exchanges of a database share, and the key of our leases. */
export function claimKeys(exchange: string): ClaimKeys {
  return { index: 'unacked_index', unacked: 'unacked', leases: `_commissaire.leases.${exchange}` }
}

/** Returns the list that holds the dead letters of a queue. */
export function deadList(queue: string): string {
  return `${queue}.dead`
}

/** Writes the part of a message that all its copies share; `copy` completes each copy. */
export function encodeMessage(message: OutgoingMessage, exchange: string): string {
  const { routingKey, body, contentType, headers, replyTo, persistent = true } = message
  const reply = replyTo === undefined ? '' : `"reply_to":${JSON.stringify(replyTo)},`
  return (
    `{"body":"${base64(body)}","content-encoding":"utf-8","content-type":"${contentType}",` +
    `"headers":${JSON.stringify(headers)},"properties":{${reply}"delivery_mode":${persistent ? 2 : 1},` +
    `"delivery_info":{"exchange":${JSON.stringify(exchange)},"routing_key":${JSON.stringify(routingKey)}},` +
    `"priority":0,"body_encoding":"base64","delivery_tag":"`
  )
}

/** Completes a copy of a message with its own delivery tag, which is kombu's key for claims. */
export function copy(shared: string): string {
  return `${shared}${randomUUID()}"}}`
}

/** Writes a reply as the original does: JSON text as `text/plain`, addressed to the queue itself. */
export function encodeReply({ queue, body, headers = {} }: Reply): string {
  return copy(encodeMessage({ routingKey: queue, body, contentType: 'text/plain', headers }, queue))
}

/** A message read from Redis, with what only this transport needs. */
export interface RedisMessage extends ReceivedMessage {
  /** The list that it belongs to, by its priority. */
  readonly list: string
  /** How many processes died while they handled it. */
  readonly attempts: number
}

/**
 * Reads a message. Accepts messages of peers that leave out nearly everything.
 * @returns undefined when the text is not a message.
 */
export function decodeMessage(text: string, queue: string): RedisMessage | undefined {
  const envelope = readObject(text)
  if (!envelope) return undefined
  const headers = objectIn(envelope, 'headers')
  const properties = objectIn(envelope, 'properties')
  const delivery = objectIn(properties, 'delivery_info')
  const untrusted = {
    queue,
    routingKey: delivery['routing_key'],
    body: () => bodyOf(envelope, properties),
    contentType: envelope['content-type'],
    compression: headers['compression'],
    headers,
    replyTo: properties['reply_to'],
    redelivered: headers['redelivered'] === true || delivery['redelivered'] === true,
  }
  const received = readReceived(untrusted, replyRule)
  const list = listOf(queue, properties['priority'])
  return { ...received, list, attempts: readAttempts(headers['attempts']) }
}

/** What changes when a message goes back to its queue or is set aside. */
export interface Change {
  /** How many attempts were made; undefined keeps the count. */
  readonly attempts?: number
  readonly redelivered?: boolean
  /** Why and when it was set aside; undefined removes an earlier reason. */
  readonly dead?: { readonly reason: string; readonly at: string; readonly queue: string }
}

/** Rewrites a message as kombu's restorer does, with a new delivery tag that no stale acknowledgement can match. */
export function rewrite(text: string, { attempts, redelivered = true, dead }: Change): string {
  const envelope = readObject(text) ?? wrap(text)
  const {
    'dead-reason': _reason,
    'dead-at': _at,
    'dead-queue': _queue,
    ...headers
  } = objectIn(envelope, 'headers')
  const properties = objectIn(envelope, 'properties')
  const notes = dead ? { 'dead-reason': dead.reason, 'dead-at': dead.at, 'dead-queue': dead.queue } : {}
  const count = attempts === undefined ? {} : { attempts }
  const info = { exchange: '', routing_key: '', ...objectIn(properties, 'delivery_info'), redelivered }
  return JSON.stringify({
    ...envelope,
    headers: { ...headers, ...count, redelivered, ...notes },
    properties: { ...properties, delivery_info: info, delivery_tag: randomUUID() },
  })
}

/** Reads the id of a dead letter, and why and when it was set aside. */
export function deadFacts(text: string): { id: string; reason: string; deadAt: string } | undefined {
  const envelope = readObject(text)
  if (!envelope) return undefined
  const headers = objectIn(envelope, 'headers')
  const id = objectIn(envelope, 'properties')['delivery_tag']
  if (typeof id !== 'string') return undefined
  return { id, reason: readNote(headers['dead-reason']), deadAt: readNote(headers['dead-at']) }
}

/** Wraps a text that is not a message into one, so that tools can show it. */
function wrap(text: string): Record<string, unknown> {
  return {
    body: base64(text),
    'content-encoding': 'utf-8',
    'content-type': 'text/plain',
    headers: {},
    properties: { body_encoding: 'base64', delivery_mode: 2, priority: 0 },
  }
}

function bodyOf(envelope: Record<string, unknown>, properties: Record<string, unknown>): Buffer {
  const { body = '' } = envelope
  if (typeof body !== 'string') throw malformed('the body', 'must be a text')
  return Buffer.from(body, properties['body_encoding'] === 'base64' ? 'base64' : 'utf8')
}

/** Returns the list of a priority: clamps it to 0 to 9 as kombu does, and rounds it down to a step. */
function listOf(queue: string, priority: unknown): string {
  if (typeof priority !== 'number' || priority < 3) return queue
  return `${queue}${separator}${Math.floor(Math.min(9, priority) / 3) * 3}`
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectIn(owner: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = owner[name]
  return isObject(value) ? value : {}
}
