/** Puts any message on a queue of the memory broker, as a connection that checks nothing would. */

import type { HostileMessage } from '../../src/testing/hostile-messages.ts'
import { open } from '../../src/transports/memory.ts'
import { quietOptions } from './quiet-options.ts'

export async function injectIntoMemory(url: string, message: HostileMessage): Promise<boolean> {
  const { routingKey, body, contentType = '', headers = {}, replyTo } = message
  const transport = await open(new URL(url), quietOptions())
  // Whatever stands in a header comes as it is, as from a connection that checks nothing.
  const written = headers as Record<string, string>
  const sent = {
    routingKey,
    body: body.toString(),
    contentType,
    headers: written,
    ...(replyTo ? { replyTo } : {}),
  }
  const queues = await transport.publish(sent)
  await transport.close()
  return queues !== undefined && queues > 0
}
