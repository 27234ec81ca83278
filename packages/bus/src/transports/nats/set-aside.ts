/** Sets messages aside: moves them to the queue `<queue>.dead`, with the reason in their headers. */

import type { MsgHdrs } from '@nats-io/transport-node'
import { PubHeaders } from '@nats-io/jetstream'
import type { TransportOptions } from '../../transport.ts'
import { ackTypes, type Claim } from './acks.ts'
import { addDeadLetterInfo, copyHeaders, decodeMessage, encodeHeaders } from './message-encoding.ts'
import { isNotFound } from './failures.ts'
import { replySubject } from './names.ts'
import { put } from './publisher.ts'
import { declareDeadStream, type QueueDeps } from './queues.ts'

/** Returns the name of the queue for the dead letters of a queue. */
export function deadQueue(queue: string): string {
  return `${queue}.dead`
}

/** A message that is set aside. */
export interface DeadLetter {
  readonly queue: string
  readonly routingKey: string
  readonly body: Uint8Array
  readonly headers: MsgHdrs | undefined
  readonly sequence: number
}

/** Puts a copy of a message on the dead-letter queue. The message id prevents a second copy. */
export async function setAside(
  deadLetter: DeadLetter,
  { reason, attempts }: { reason: string; attempts: number },
  deps: QueueDeps,
): Promise<void> {
  const { queue, routingKey, sequence } = deadLetter
  const headers = copyHeaders(deadLetter.headers)
  const { body, note } = cutToFit(deadLetter.body, deps.socket.maxPayload)
  addDeadLetterInfo(headers, { reason: reason + note, attempts, deadAt: new Date().toISOString() })
  headers.append(PubHeaders.MsgIdHdr, `${deps.names.stream(queue)}:${sequence}`)
  await declareDeadStream(deadQueue(queue), deps)
  await put(deadQueue(queue), { routingKey, body, headers }, deps)
}

/** What the headers of a copy may take of the server's limit beside its body, in bytes. */
const HEADER_ROOM = 64 * 1024

/** A copy has more headers than its message, and the server takes no more than its limit. */
function cutToFit(body: Uint8Array, largest: number): { body: Uint8Array; note: string } {
  const most = Math.max(0, largest - HEADER_ROOM)
  if (body.length <= most) return { body, note: '' }
  return { body: body.subarray(0, most), note: ` (of its ${body.length} bytes the first ${most} are kept)` }
}

/** What is needed to set messages aside. */
export interface SetAsideDeps extends QueueDeps {
  readonly abandonedReply: TransportOptions['abandonedReply']
}

/** Sets a message aside after too many of its processes died, and replies to its caller. */
export async function setAsideAbandoned(
  queue: string,
  { claim, attempts }: { claim: Claim; attempts: number },
  deps: SetAsideDeps,
): Promise<void> {
  const { socket, names, log, abandonedReply } = deps
  const { sequence } = claim
  const stored = await socket.streams.streams.getMessage(names.stream(queue), { seq: sequence })
  if (!stored) return
  const reason = `${attempts} processes died while they handled it`
  const routingKey = names.routingKey(stored.subject)
  await setAside(
    { queue, routingKey, sequence, body: stored.data, headers: stored.header },
    { reason, attempts },
    deps,
  )
  if (!(await remove(queue, sequence, deps))) return
  socket.send(claim.subject, ackTypes.ack)
  const raw = { data: stored.data, headers: () => stored.header }
  const message = decodeMessage(raw, { queue, routingKey, redelivered: true })
  const reply = abandonedReply(message, reason)
  if (reply) socket.send(replySubject(reply.queue), reply.body, { headers: replyHeaders(reply) })
  log.warn({ queue, routingKey, attempts }, 'set aside a message whose processes died')
}

/** Removes a message from a queue. Returns true to one of several callers, and false when it does not exist. */
export async function remove(
  queue: string,
  sequence: number,
  { socket, names }: QueueDeps,
): Promise<boolean> {
  try {
    return await socket.streams.streams.deleteMessage(names.stream(queue), sequence, false)
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** Returns the headers of a reply, whose body is JSON text as on every transport. */
export function replyHeaders({ headers = {} }: { headers?: Readonly<Record<string, string>> }): MsgHdrs {
  return encodeHeaders({ contentType: 'text/plain', headers })
}
