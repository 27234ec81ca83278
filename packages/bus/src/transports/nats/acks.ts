/** The acknowledgement protocol of JetStream: reads the reply subject of a delivery, and names the possible replies. */

/** Acknowledge a message, release it, or extend the time to acknowledge it. */
export const ackTypes = { ack: '+ACK', nak: '-NAK', working: '+WPI' } as const

/** A delivery of a message, read from the subject on which it is acknowledged. */
export interface Claim {
  /** The subject of the acknowledgement. */
  readonly subject: string
  /** The sequence number of the message in its stream. */
  readonly sequence: number
  /** How often the message was delivered, this delivery included. */
  readonly deliveries: number
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>…`, with or without domain and account before the stream.
 * @returns undefined when the message was not delivered by a stream.
 */
export function readClaim(subject: string | undefined): Claim | undefined {
  const tokens = subject?.split('.') ?? []
  if (subject === undefined || tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9)
    return undefined
  const at = tokens.length === 9 ? 4 : 6
  return { subject, deliveries: Number(tokens[at]), sequence: Number(tokens[at + 1]) }
}
