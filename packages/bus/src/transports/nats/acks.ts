/** What JetStream says about a message it hands out, and what it wants to hear in return. */

/** The ways of ending or keeping a claim. */
export const ackTypes = { ack: '+ACK', nak: '-NAK', working: '+WPI' } as const

/** Where and how often a message was handed out, read from the subject on which it is acknowledged. */
export interface Claim {
  /** The subject on which to acknowledge. */
  readonly subject: string
  /** Its place in the stream, by which it is known. */
  readonly sequence: number
  /** How often it was handed out, this time included. */
  readonly deliveries: number
}

/**
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>…`, or with the domain and the account before the stream.
 * @returns undefined where the message did not come from a stream.
 */
export function readClaim(subject: string | undefined): Claim | undefined {
  const tokens = subject?.split('.') ?? []
  if (subject === undefined || tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9)
    return undefined
  const at = tokens.length === 9 ? 4 : 6
  return { subject, deliveries: Number(tokens[at]), sequence: Number(tokens[at + 1]) }
}
