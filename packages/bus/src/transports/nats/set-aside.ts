/** Puts messages where a person will look at them: on the queue `<queue>.dead`, with the reason in their headers. */

import type { MsgHdrs, Payload } from '@nats-io/transport-node'
import { PubHeaders } from '@nats-io/jetstream'
import type { TransportOptions } from '../../transport.ts'
import { words, type Claim } from './acks.ts'
import { addDeathNote, copyHeaders, decodeHeaders, encodeHeaders } from './message-encoding.ts'
import { replySubject } from './names.ts'
import { put } from './publisher.ts'
import { declareStream, type QueueMeans } from './queues.ts'

/** The queue on which the messages of a queue are set aside. */
export function deadQueue(queue: string): string {
  return `${queue}.dead`
}

/** A message that is given up on. */
export interface Casualty {
  readonly queue: string
  readonly routingKey: string
  readonly body: Payload
  readonly written: MsgHdrs | undefined
  readonly sequence: number
}

/** Sets a copy of a message aside. Done twice for one message, it is there once. */
export async function setAside(
  casualty: Casualty,
  { reason, attempts }: { reason: string; attempts: number },
  means: QueueMeans,
): Promise<void> {
  const { queue, routingKey, body, sequence } = casualty
  const headers = copyHeaders(casualty.written)
  addDeathNote(headers, { reason, attempts, deadAt: new Date().toISOString() })
  headers.append(PubHeaders.MsgIdHdr, `${means.names.stream(queue)}:${sequence}`)
  await declareStream(deadQueue(queue), means)
  await put(deadQueue(queue), { routingKey, body, headers }, means)
}

/** What is needed to bury. */
export interface BurialMeans extends QueueMeans {
  readonly obituary: TransportOptions['obituary']
}

/** Sets a message aside that has ended too many processes, and tells its caller. */
export async function bury(
  queue: string,
  { claim, attempts }: { claim: Claim; attempts: number },
  means: BurialMeans,
): Promise<void> {
  const { socket, names, log, obituary } = means
  const { sequence } = claim
  const stored = await socket.streams.streams.getMessage(names.stream(queue), { seq: sequence })
  if (!stored) return
  const reason = `it ended ${attempts} processes that worked on it`
  const routingKey = names.routingKey(stored.subject)
  await setAside(
    { queue, routingKey, sequence, body: stored.data, written: stored.header },
    { reason, attempts },
    means,
  )
  if (!(await remove(queue, sequence, means))) return
  socket.send(claim.subject, words.ack)
  const message = {
    queue,
    routingKey,
    body: stored.string(),
    redelivered: true,
    ...decodeHeaders(stored.header),
  }
  const reply = obituary(message, reason)
  if (reply) socket.send(replySubject(reply.queue), reply.body, { headers: replyHeaders(reply) })
  log.warn({ queue, routingKey, attempts }, 'set aside a message that ended too many processes')
}

/** Removes a message from a queue. Of many who try, one gets true. */
export async function remove(
  queue: string,
  sequence: number,
  { socket, names }: QueueMeans,
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
