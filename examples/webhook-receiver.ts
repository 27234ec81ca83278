/**
 * Receives webhooks: checks that each is from its Commissaire and from now, and prints it.
 *
 * Run it with `WEBHOOK_SECRET=… node webhook-receiver.ts`; it listens on port 9000 of this machine.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'

/** How old an event may be: older ones may be copies that somebody sends again. */
const LONGEST_AGE = 300

/** Whether the header `Commissaire-Signature` belongs to the body, byte for byte as it came. */
export function isGenuine(body: string, signature: string, secret: string): boolean {
  const [, seconds, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? []
  if (seconds === undefined || given === undefined) return false
  const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest()
  const age = Math.abs(Date.now() / 1000 - Number(seconds))
  return timingSafeEqual(expected, Buffer.from(given, 'hex')) && age < LONGEST_AGE
}

/** Answers at once: who takes long to answer gets the event again. One that came before, by its id, is not printed again. */
export function receiver(secret: string, print: (line: string) => void): Server {
  const known = new Set<string>()

  /** The status that answers this event. */
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
