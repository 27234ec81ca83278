/** Puts messages where a person will look at them: on the queue `<queue>.dead`, with the reason in their headers. */

import type { MsgHdrs, Payload } from '@nats-io/transport-node'
import { PubHeaders } from '@nats-io/jetstream'
import type { TransportOptions } from '../../transport.ts'
import { ackTypes, type Claim } from './acks.ts'
import { addDeadLetterInfo, copyHeaders, decodeHeaders, encodeHeaders } from './message-encoding.ts'
import { replySubject } from './names.ts'
import { put } from './publisher.ts'
import { declareStream, type QueueDeps } from './queues.ts'

/** The queue on which the messages of a queue are set aside. */
export function deadQueue(queue: string): string {
  return `${queue}.dead`
}

/** A message that is given up on. */
export interface DeadLetter {
  readonly queue: string
  readonly routingKey: string
  readonly body: Payload
  readonly headers: MsgHdrs | undefined
  readonly sequence: number
}

/** Sets a copy of a message aside. Done twice for one message, it is there once. */
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

/** What is needed to bury. */
export interface SetAsideDeps extends QueueDeps {
  readonly abandonedReply: TransportOptions['abandonedReply']
}

/** Sets a message aside that has ended too many processes, and tells its caller. */
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
  log.warn({ queue, routingKey, attempts }, 'set aside a message that ended too many processes')
}

/** Removes a message from a queue. Of many who try, one gets true. */
export async function remove(
  queue: string,
  sequence: number,
  { socket, names }: QueueDeps,
): Promise<boolean> {
  try {
    return await socket.streams.streams.deleteMessage(names.stream(queue), sequence, false)
  } catch {
    return false
  }
}

/** Answers are JSON text, as everywhere. */
export function replyHeaders({ headers = {} }: { headers?: Readonly<Record<string, string>> }): MsgHdrs {
  return encodeHeaders({ contentType: 'text/plain', headers })
}
