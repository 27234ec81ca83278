/** Signs events, so that a receiver can verify their origin and age: an HMAC-SHA256 over the time and the body. */
import { createHmac } from 'node:crypto'

/** Returns the value of the header `Commissaire-Signature`: `t=<seconds since 1970>,v1=<hexadecimal>`. */
export function signatureOf(body: string, { secret, at }: { secret: string; at: Date }): string {
  const seconds = Math.floor(at.getTime() / 1000)
  const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${signature}`
}
