/**
 * Receives webhooks: checks the signature and the age of each event, and prints it.
 *
 * Run it with `WEBHOOK_SECRET=… node webhook-receiver.ts`; it listens on port 9000 of this machine.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'

/** How many seconds old an event may be. Older events may be copies that an attacker sends again. */
const LONGEST_AGE = 300

/** Whether the header `Commissaire-Signature` is valid for the body, as the bytes were received. */
export function isGenuine(body: string, signature: string, secret: string): boolean {
  const [, seconds, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? []
  if (seconds === undefined || given === undefined) return false
  const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest()
  const age = Math.abs(Date.now() / 1000 - Number(seconds))
  return timingSafeEqual(expected, Buffer.from(given, 'hex')) && age < LONGEST_AGE
}

/**
 * Answers at once, because an event is sent again when the answer takes too long. An event whose id was seen before is
 * not printed again.
 */
export function receiver(secret: string, print: (line: string) => void): Server {
  const known = new Set<string>()

  /** Handles one event. Returns the status of the answer. */
  async function take(request: IncomingMessage): Promise<number> {
    const body = await text(request)
    if (!isGenuine(body, String(request.headers['commissaire-signature']), secret)) return 403
    const { id, event, operation, host } = JSON.parse(body)
    if (!known.has(id)) print(`${event} ${operation.id} ${host?.address ?? ''}`.trimEnd())
    known.add(id)
    return 204
  }

  return createServer((request, response) => {
    take(request).then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(500).end(),
    )
  })
}

if (import.meta.main) receiver(process.env['WEBHOOK_SECRET'] ?? '', console.log).listen(9000, '127.0.0.1')
