/** Sets messages aside: moves them to the queue `<queue>.dead`, with the reason in their headers. */

import type { MsgHdrs, Payload } from '@nats-io/transport-node'
import { PubHeaders } from '@nats-io/jetstream'
import type { TransportOptions } from '../../transport.ts'
import { ackTypes, type Claim } from './acks.ts'
import { addDeadLetterInfo, copyHeaders, decodeHeaders, encodeHeaders } from './message-encoding.ts'
import { isNotFound } from './failures.ts'
import { replySubject } from './names.ts'
import { put } from './publisher.ts'
import { declareStream, type QueueDeps } from './queues.ts'

/** Returns the name of the queue for the dead letters of a queue. */
export function deadQueue(queue: string): string {
  return `${queue}.dead`
}

/** A message that is set aside. */
export interface DeadLetter {
  readonly queue: string
  readonly routingKey: string
  readonly body: Payload
  readonly headers: MsgHdrs | undefined
  readonly sequence: number
}

/** Puts a copy of a message on the dead-letter queue. The message id prevents a second copy. */
export async function setAside(
  deadLetter: DeadLetter,
  { reason, attempts }: { reason: string; attempts: number },
  deps: QueueDeps,
): Promise<void> {
  const { queue, routingKey, body, sequence } = deadLetter
  const headers = copyHeaders(deadLetter.headers)
  addDeadLetterInfo(headers, { reason, attempts, deadAt: new Date().toISOString() })
  headers.append(PubHeaders.MsgIdHdr, `${deps.names.stream(queue)}:${sequence}`)
  await declareStream(deadQueue(queue), deps)
  await put(deadQueue(queue), { routingKey, body, headers }, deps)
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
  const message = {
    queue,
    routingKey,
    body: stored.string(),
    redelivered: true,
    ...decodeHeaders(stored.header),
  }
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
