/** Puts any message on a list of Redis, in the envelope of kombu or damaged. */

import type { Redis } from 'ioredis'
import type { HostileMessage } from '../../src/testing/hostile-messages.ts'

export async function injectIntoRedis(
  client: Redis,
  queue: string,
  message: HostileMessage,
): Promise<boolean> {
  const stored = Buffer.from(JSON.stringify(envelopeOf(message)))
  await client.lpush(queue, message.damage?.(stored) ?? stored)
  return true
}

function envelopeOf({
  routingKey,
  body,
  contentType,
  contentEncoding,
  headers,
  replyTo,
}: HostileMessage): object {
  return {
    body: body.toString('base64'),
    'content-type': contentType,
    'content-encoding': contentEncoding,
    headers,
    properties: {
      body_encoding: 'base64',
      delivery_tag: 'x',
      priority: 0,
      reply_to: replyTo,
      delivery_info: { exchange: 'commissaire', routing_key: routingKey },
    },
  }
}
