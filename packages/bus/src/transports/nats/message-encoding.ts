/**
 * The wire format on NATS: the body is the payload, everything else is in headers.
 *
 * Pure functions. `docs/reference/wire.md` describes the format. The value of a header that is not printable ASCII is
 * percent-encoded, and a `*` is added to its name.
 */

import { headers as emptyHeaders, type MsgHdrs } from '@nats-io/transport-node'
import { asRefusal } from '../../edge/edge-fault.ts'
import { readAttempts } from '../../edge/headers.ts'
import { readReceived } from '../../edge/read-received.ts'
import type { OutgoingMessage, ReceivedMessage } from '../../transport.ts'
import { decodeToken, encodeToken } from './names.ts'

/** A message as NATS delivers it: bytes, and headers that may be malformed. */
export interface Written {
  readonly data: Uint8Array
  /** Throws when the headers cannot be read. */
  readonly headers: () => MsgHdrs | undefined
}

/** Where a message was found. */
export interface Place {
  readonly queue: string
  readonly routingKey: string
  readonly redelivered: boolean
}

/** Why, when and after how many attempts a message was set aside. */
export interface DeadLetterInfo {
  readonly reason: string
  readonly deadAt: string
  readonly attempts: number
}

const contentTypeName = 'Content-Type'
const replyToName = 'Commissaire-Reply-To'
const ourPrefix = 'Commissaire-Header-'
const reasonName = 'Commissaire-Dead-Reason'
const deadAtName = 'Commissaire-Dead-At'
const attemptsName = 'Commissaire-Attempts'

/** Writes the headers of a message. */
export function encodeHeaders(
  message: Pick<OutgoingMessage, 'contentType' | 'headers' | 'replyTo'>,
): MsgHdrs {
  const raw = emptyHeaders()
  put(raw, contentTypeName, message.contentType)
  if (message.replyTo !== undefined) put(raw, replyToName, message.replyTo)
  for (const name in message.headers) put(raw, outerName(name), message.headers[name] ?? '')
  return raw
}

/** Reads a message. Other senders may leave out all headers. */
export function decodeMessage({ data, headers }: Written, place: Place): ReceivedMessage {
  const body = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  try {
    const envelope = readEnvelope(headers())
    return readReceived(
      { ...place, ...envelope, body, compression: envelope.headers['compression'] },
      anyName,
    )
  } catch (error) {
    const nothing = { contentType: '', headers: {}, replyTo: undefined }
    return readReceived({ ...place, ...nothing, body, fault: asRefusal(error) }, anyName)
  }
}

/** Answers have subjects of their own, so that no name reaches anything of the system. */
const anyName = (): undefined => undefined

interface Envelope {
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  readonly replyTo: string | undefined
}

function readEnvelope(raw: MsgHdrs | undefined): Envelope {
  const headers: Record<string, string> = Object.create(null)
  let contentType = ''
  let replyTo: string | undefined
  for (const [rawName, [rawValue = '']] of raw ?? []) {
    const [name, value] = read(rawName, rawValue)
    if (name === contentTypeName) contentType = value
    else if (name === replyToName) replyTo = value
    else if (!isOurs(name)) headers[innerName(name)] = value
  }
  return { contentType, headers, replyTo }
}

/** Copies headers without those of an earlier delivery, such as the reason it was set aside. */
export function copyHeaders(raw: MsgHdrs | undefined): MsgHdrs {
  const copy = emptyHeaders()
  for (const [name, [value = '']] of raw ?? []) if (!isOurs(read(name, value)[0])) copy.append(name, value)
  return copy
}

/** Adds the reason for setting a message aside to its headers. */
export function addDeadLetterInfo(raw: MsgHdrs, info: DeadLetterInfo): void {
  put(raw, reasonName, info.reason)
  put(raw, deadAtName, info.deadAt)
  put(raw, attemptsName, String(info.attempts))
}

/** Reads why a message was set aside. */
export function readDeadLetterInfo(raw: MsgHdrs | undefined): DeadLetterInfo {
  const facts: Record<string, string> = Object.create(null)
  for (const [name, [value = '']] of raw ?? []) Object.assign(facts, Object.fromEntries([read(name, value)]))
  return {
    reason: facts[reasonName] ?? '',
    deadAt: facts[deadAtName] ?? '',
    attempts: readAttempts(facts[attemptsName]),
  }
}

function put(raw: MsgHdrs, name: string, value: string): void {
  if (/^(?:[!-~](?:[ -~]*[!-~])?)?$/.test(value)) raw.append(name, value)
  else raw.append(`${name}*`, encodeURIComponent(value.toWellFormed()))
}

function read(name: string, value: string): [name: string, value: string] {
  if (!name.endsWith('*')) return [name, value]
  try {
    return [name.slice(0, -1), decodeURIComponent(value)]
  } catch {
    return [name, value]
  }
}

/** Adds a prefix to names that are reserved by the server or the bus, or that are invalid for a header. */
function outerName(name: string): string {
  if (/^[a-z\d][a-z\d-]*$/.test(name) && !name.startsWith('nats-')) return name
  return ourPrefix + encodeToken(name.toWellFormed())
}

function innerName(name: string): string {
  if (!name.startsWith(ourPrefix)) return name
  try {
    return decodeToken(name.slice(ourPrefix.length))
  } catch {
    return name
  }
}

function isOurs(name: string): boolean {
  return name.startsWith('Nats-') || name === reasonName || name === deadAtName || name === attemptsName
}
